-- attribution_credit: what each event gets of each document (definitions 12 and 13). Additive.
-- grain: one event of one document in one model.
select
    credit.item_key as document_key,
    credit.campaign_key,
    credit.account_key,
    case when count(distinct credit.deal_key) = 1 then min(credit.deal_key) end as deal_key,
    credit.model,
    cast(sum(credit.value) as bigint) as value,
    cast(sum(credit.collected) as bigint) as collected,
    min(document.date) as date
from part_credit as credit
inner join document_figure as document on document.document_key = credit.item_key
where credit.bucket = 'credited'
group by credit.item_key, credit.campaign_key, credit.account_key, credit.model
