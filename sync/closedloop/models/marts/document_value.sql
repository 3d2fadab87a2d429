-- document_value: every posted document with its value, its deal and where its value goes.
-- grain: one posted document dated on or before the as-of day. Money in minor home units unless said; `document_net` is in
-- the document's currency. A credit note whose parts go different ways is `mixed`; `document_part` has the parts.
-- view: nothing that is computed reads all of it, and it is as wide as what it reads.
with whole as (
    select
        part.document_key,
        part.deal_key,
        part.deal_rule,
        bucket.is_new_business,
        bucket.bucket
    from document_part as part
    inner join part_bucket as bucket on bucket.document_key = part.document_key
    where part.parts = 1
    union all
    select
        part.document_key,
        case when min(part.deal_key) = max(part.deal_key) and count(part.deal_key) = count(*) then min(part.deal_key) end as deal_key,
        case when min(part.deal_rule) = max(part.deal_rule) then min(part.deal_rule) else 'mixed' end as deal_rule,
        bool_and(bucket.is_new_business) as is_new_business,
        case when min(bucket.bucket) = max(bucket.bucket) then min(bucket.bucket) else 'mixed' end as bucket
    from document_part as part
    inner join part_bucket as bucket on bucket.document_key = part.document_key and bucket.part = part.part
    where part.parts > 1
    group by part.document_key
)

select
    figure.document_key,
    figure.number,
    figure.customer_key,
    figure.account_key,
    figure.date,
    figure.due_date,
    figure.kind,
    figure.value,
    figure.collected,
    figure.written_off,
    figure.currency,
    figure.sign * figure.net as document_net,
    figure.document_open,
    figure.open,
    figure.state,
    whole.deal_key,
    coalesce(whole.deal_rule, 'none') as deal_rule,
    whole.is_new_business,
    coalesce(whole.bucket, 'not_convertible') as bucket,
    figure.source,
    figure.url
from document_figure as figure
left join whole on whole.document_key = figure.document_key
