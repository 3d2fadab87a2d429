-- dates: documents and payments are of a year in which people do business: 0206 or 2206 is a slip that moves money to where
-- nobody looks. Sooner than 1970, or later than ten years after the as-of day, nothing is booked.
select
    document_name(document.kind, document.number, document.key) as record,
    'is dated ' || cast(document.date as varchar) as detail
from document
cross join param.run as run
where
    document.status = 'posted'
    and (document.date < cast('1970-01-01' as date) or document.date > run.as_of + 3653)
union all
select
    'payment ' || payment.key as record,
    'is dated ' || cast(payment.date as varchar) as detail
from payment
cross join param.run as run
where payment.date < cast('1970-01-01' as date) or payment.date > run.as_of + 3653
