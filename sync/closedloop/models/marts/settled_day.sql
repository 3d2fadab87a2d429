-- settled_day: what settled a document on each day on which something did, and how far it was settled then (definition 4).
-- grain: one day, not after the as-of day, of one document. In the document's currency.
with daily as (
    select settlement.document_key, settlement.effective_date as date, sum(settlement.amount) as amount
    from settlement
    cross join param.run as run
    where settlement.effective_date <= run.as_of
    group by settlement.document_key, settlement.effective_date
)

select
    document_key,
    date,
    cast(amount as bigint) as amount,
    cast(
        sum(amount) over (
            partition by document_key order by date rows between unbounded preceding and current row
        ) as bigint
    ) as settled_to
from daily
