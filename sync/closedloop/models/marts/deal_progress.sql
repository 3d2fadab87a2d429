-- deal_progress: the first document of a deal and the day on which nothing of it was open any more.
-- grain: one deal with a counted invoice or sales receipt.
with first_document as (
    select deal.deal_key, figure.document_key, figure.date, figure.gross
    from document_deal as deal
    inner join document_figure as figure on figure.document_key = deal.document_key
    where deal.deal_key is not null and figure.state = 'counted'
    qualify row_number() over (partition by deal.deal_key order by figure.date, figure.document_key) = 1
),

paid as (
    select first_document.document_key, min(settled.date) as paid_date
    from first_document
    inner join settled_day as settled
        on settled.document_key = first_document.document_key and settled.settled_to >= first_document.gross
    group by first_document.document_key
)

select
    first_document.deal_key as opportunity_key,
    first_document.date as first_invoice_date,
    coalesce(paid.paid_date, case when first_document.gross = 0 then first_document.date end) as first_paid_date
from first_document
left join paid on paid.document_key = first_document.document_key
