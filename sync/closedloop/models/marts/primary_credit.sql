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
    shared.item_key,
    shared.part,
    shared.parts,
    shared.campaign_key,
    shared.account_key,
    shared.deal_key,
    shared.date,
    shared.bucket,
    shared.is_new_business,
    shared.value,
    shared.collected
from shared_credit as shared
inner join param.run as run on run.primary_model = shared.model
