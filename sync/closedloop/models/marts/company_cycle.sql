-- company_cycle: how long it takes the company from the first touch to a won deal.
-- grain: one row. Nearest-rank 80th percentile over won deals with a journey; under 20 of them a default, marked assumed.
with duration as (
    select opportunity.opportunity_key, opportunity.closed_date - min(journey.touch_date) as days
    from opportunity_money as opportunity
    inner join journey on journey.journey_key = 'deal ' || opportunity.opportunity_key
    where opportunity.is_won and opportunity.closed_date is not null
    group by opportunity.opportunity_key, opportunity.closed_date
),

ranked as (
    select
        days,
        row_number() over (order by days, opportunity_key) as place,
        count(*) over () as deals
    from duration
),

percentile as (
    select max(deals) as deals, min(days) filter (where place = (4 * deals + 4) // 5) as days
    from ranked
)

select
    coalesce(percentile.deals, 0) as deals,
    case when percentile.deals >= 20 then percentile.days else run.default_cycle_days end as touch_to_won_p80,
    coalesce(percentile.deals, 0) < 20 as is_assumed
from percentile
cross join param.run as run
