-- rate_on: the declared rate that holds on each day that some amount needs one.
-- grain: one foreign currency on one day: the last rate on or before it and not more than 7 days old (definition 1).
with needed as (
    select home_currency as currency, date
    from document
    union
    select currency, closed_date as date
    from opportunity
    where closed_date is not null
    union
    select opportunity.currency, run.as_of as date
    from opportunity
    cross join param.run as run
    union
    select campaign.currency, coalesce(campaign.start_date, run.as_of) as date
    from campaign
    cross join param.run as run
    union
    select currency, date
    from cost_line
    union
    select home_currency as currency, date
    from cost_line
    union
    select currency, date
    from payment
)

select needed.currency, needed.date, rate.numerator, rate.denominator
from needed
cross join param.run as run
inner join rate
    on rate.currency = needed.currency and rate.date <= needed.date and rate.date >= needed.date - 7
where needed.currency <> run.home_currency
qualify row_number() over (partition by needed.currency, needed.date order by rate.date desc) = 1
