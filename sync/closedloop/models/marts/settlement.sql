-- settlement: what settles a document, in the document's currency, and from which day on it counts (definition 4).
-- grain: one settlement of one document, in the order in which they settle it (`position`).
-- A sales receipt and a refund settle themselves on their date. The effective day is the latest of the settlement's own
-- day and the days of the documents that it joins.
with counted as (
    select document.key, document.kind, document.date, document.gross
    from document
    cross join param.run as run
    where document.status = 'posted' and document.date <= run.as_of
),

stated as (
    select
        allocation.key,
        allocation.document_key,
        allocation.payment_key,
        other.key as other_document_key,
        allocation.amount,
        greatest(
            coalesce(allocation.date, document.date), document.date, coalesce(other.date, document.date)
        ) as effective_date
    from allocation
    inner join counted as document on document.key = allocation.document_key
    left join document as other on other.key = allocation.other_document_key
    where document.kind not in ('sales_receipt', 'refund')
    union all
    select
        key,
        key as document_key,
        cast(null as varchar) as payment_key,
        cast(null as varchar) as other_document_key,
        gross as amount,
        date as effective_date
    from counted
    where kind in ('sales_receipt', 'refund')
)

select
    key,
    document_key,
    payment_key,
    other_document_key,
    amount,
    effective_date,
    row_number() over (
        partition by document_key order by effective_date, coalesce(payment_key, other_document_key, ''), key
    ) as position
from stated
