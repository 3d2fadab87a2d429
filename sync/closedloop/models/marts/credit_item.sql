-- credit_item: every amount that is split over the events of a journey, with the journey.
-- grain: one part of one document that some event touched (`credited`, `no_deal`), or one deal that is `won` or `open`.
-- `parts` says how many parts the document has; a deal has one. A deal and a document may have one key, hence the word.
-- `item_no` is the short name of a row in this run.
with item as (
    select
        part.document_key as item_key,
        part.part,
        part.parts,
        part.journey_key,
        part.account_key,
        part.deal_key,
        part.date,
        bucket.bucket,
        bucket.is_new_business,
        part.value,
        part.collected
    from document_part as part
    inner join part_bucket as bucket on bucket.document_key = part.document_key and bucket.part = part.part
    where bucket.bucket in ('credited', 'no_deal')
    union all
    select
        'deal ' || opportunity_key as item_key,
        1 as part,
        1 as parts,
        'deal ' || opportunity_key as journey_key,
        account_key,
        opportunity_key as deal_key,
        created_date as date,
        case when is_won then 'won' else 'open' end as bucket,
        cast(null as boolean) as is_new_business,
        amount as value,
        cast(0 as bigint) as collected
    from opportunity_money
    where amount is not null and account_key is not null and (is_won or not is_closed)
)

select *, cast(row_number() over (order by item_key, part) as integer) as item_no
from item
