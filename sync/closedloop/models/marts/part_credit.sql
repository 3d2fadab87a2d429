-- part_credit: what each event gets of every amount in each model (definition 12).
-- grain: one event of one part of one document, or of one opportunity, in one model. The shares of a part sum to it.
-- view: `sole_credit` and `shared_credit` have the rows; the first would be kept once for every model.
select
    sole.item_key,
    sole.part,
    sole.parts,
    model.model,
    sole.campaign_key,
    sole.account_key,
    sole.deal_key,
    sole.date,
    sole.bucket,
    sole.is_new_business,
    sole.value,
    sole.collected
from sole_credit as sole
cross join param.attribution_model as model
union all
select
    item.item_key,
    item.part,
    item.parts,
    model.model,
    campaign.campaign_key,
    item.account_key,
    item.deal_key,
    item.date,
    item.bucket,
    item.is_new_business,
    shared.value,
    shared.collected
from shared_credit as shared
inner join credit_item as item on item.item_no = shared.item_no
inner join param.attribution_model as model on model.model_no = shared.model_no
inner join campaign_number as campaign on campaign.campaign_no = shared.campaign_no
