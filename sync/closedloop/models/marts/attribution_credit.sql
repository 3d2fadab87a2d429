-- attribution_credit: what each event gets of each document (definitions 12 and 13). Additive.
-- grain: one event of one document in one model. Only credit notes have several parts to sum.
-- view: `part_credit` has nearly the same rows.
select item_key as document_key, campaign_key, account_key, deal_key, model, value, collected, date
from part_credit
where bucket = 'credited' and parts = 1
union all
select
    item_key as document_key,
    campaign_key,
    account_key,
    case when count(distinct deal_key) = 1 then min(deal_key) end as deal_key,
    model,
    cast(sum(value) as bigint) as value,
    cast(sum(collected) as bigint) as collected,
    date
from part_credit
where bucket = 'credited' and parts > 1
group by item_key, campaign_key, account_key, model, date
