-- ledger_total: what the ledger itself booked on its income and receivable accounts, where it is read.
-- grain: one day, side (income, receivable) and origin of one ledger, or one booking. Minor units of the ledger's home
-- currency: income is credit less debit, receivable debit less credit. Origin `total`: all that was booked in the month that
-- ends on that day; the ledger's other rows then name parts of it.
select
    total.key,
    total.source,
    total.date,
    total.side,
    total.origin,
    coalesce(total.home_currency, run.home_currency) as home_currency,
    to_minor(total.amount, coalesce(currency.scale, 100)) as amount
from staging.ledger_total as total
cross join param.run as run
left join param.currency as currency on currency.currency = coalesce(total.home_currency, run.home_currency)
where total.deleted_at is null and total.date is not null
