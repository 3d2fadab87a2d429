-- attribution_no_deal: the split of documents that belong to no deal and are not new business (definition 13).
-- grain: one event of one document in one model. Enters no ROI.
-- view: `part_credit` has nearly the same rows.
select item_key as document_key, campaign_key, account_key, model, value, collected
from part_credit
where bucket = 'no_deal' and parts = 1
union all
select
    item_key as document_key,
    campaign_key,
    account_key,
    model,
    cast(sum(value) as bigint) as value,
    cast(sum(collected) as bigint) as collected
from part_credit
where bucket = 'no_deal' and parts > 1
group by item_key, campaign_key, account_key, model
