-- primary_credit: what each event gets of every amount in the primary model (definition 12).
-- grain: one event of one part of one document, or of one opportunity.
-- view: `part_credit` has the same rows among others.
select
    item_key,
    part,
    parts,
    campaign_key,
    account_key,
    deal_key,
    date,
    bucket,
    is_new_business,
    value,
    collected
from sole_credit
union all
select
    item.item_key,
    item.part,
    item.parts,
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
inner join param.run as run on run.primary_model = model.model
inner join campaign_number as campaign on campaign.campaign_no = shared.campaign_no
