-- rate: the declared table of rates into the home currency, as whole numbers: home = minor · numerator / denominator.
-- grain: one currency on one day; of two rows for one day the ledger's, whose books the figures must agree with, then
-- the one changed last.
select
    rate.currency,
    rate.date,
    rate_up(rate.rate, rate.direction) * run.home_scale as numerator,
    rate_down(rate.rate, rate.direction) * coalesce(currency.scale, 100) as denominator
from staging.rate as rate
cross join param.run as run
left join param.currency as currency on currency.currency = rate.currency
left join (select distinct source from staging.document) as ledger on ledger.source = rate.source
where
    rate.deleted_at is null
    and rate.rate > 0
    and rate.home_currency = run.home_currency
    and rate.currency <> run.home_currency
qualify row_number() over (partition by rate.currency, rate.date order by ledger.source is not null desc, rate.updated_at desc, rate.key) = 1
