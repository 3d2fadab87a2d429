-- opportunity_credit: what each event gets of each won or open amount (definition 12). Additive.
-- grain: one event of one opportunity in one model.
-- view: `part_credit` has the same rows.
select
    deal_key as opportunity_key,
    campaign_key,
    account_key,
    model,
    bucket as state,
    value as amount
from part_credit
where bucket in ('won', 'open')
