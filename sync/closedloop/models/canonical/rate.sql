-- rate: the declared table of rates into the home currency, as whole numbers: home = minor · numerator / denominator.
-- grain: one currency on one day; of two rows for one day the one changed last.
select
    rate.currency,
    rate.date,
    case
        when rate.direction = 'divide'
            then cast(1000000000000 as hugeint) * run.home_scale
        else cast(rate.rate * cast(1000000000000 as decimal(13, 0)) as hugeint) * run.home_scale
    end as numerator,
    case
        when rate.direction = 'divide'
            then cast(rate.rate * cast(1000000000000 as decimal(13, 0)) as hugeint) * coalesce(currency.scale, 100)
        else cast(1000000000000 as hugeint) * coalesce(currency.scale, 100)
    end as denominator
from staging.rate as rate
cross join param.run as run
left join param.currency as currency on currency.currency = rate.currency
where
    rate.deleted_at is null
    and rate.rate > 0
    and rate.home_currency = run.home_currency
    and rate.currency <> run.home_currency
qualify row_number() over (partition by rate.currency, rate.date order by rate.updated_at desc, rate.key) = 1
