-- comparison_stratum: accounts of attendees beside others like them, before they are compared (definition 19).
-- grain: one stratum of one begun event against one kind of others. no_show: the accounts of people who were registered
-- and did not come, one stratum. non_attendee: every other account of the CRM with the same four traits on the first day.
-- An account with one attendee is an attendee's. How many accounts share a stratum on a day is counted from the days on
-- which accounts entered and left it.
with subject as (
    select
        touch.campaign_key,
        campaign.start_date,
        touch.account_key,
        count(*) filter (where touch.status = 'attended') > 0 as attended
    from touch_resolved as touch
    inner join campaign on campaign.key = touch.campaign_key
    inner join param.run as run on campaign.start_date <= run.as_of
    where touch.status in ('attended', 'no_show') and touch.account_key is not null
    group by touch.campaign_key, campaign.start_date, touch.account_key
),

stood as (
    select
        subject.campaign_key,
        subject.start_date,
        subject.attended,
        standing.is_customer,
        standing.has_open_deal,
        standing.revenue_band,
        standing.country,
        standing.bought_after,
        standing.bought_before
    from subject
    inner join account_standing as standing
        on standing.account_key = subject.account_key
        and standing.from_day <= subject.start_date
        and standing.to_day > subject.start_date
),

treated as (
    select
        campaign_key,
        start_date,
        is_customer,
        has_open_deal,
        revenue_band,
        country,
        count(*) as treated,
        count(*) filter (where bought_after) as treated_after,
        count(*) filter (where bought_before) as treated_before
    from stood
    where attended
    group by campaign_key, start_date, is_customer, has_open_deal, revenue_band, country
),

moved as (
    select
        is_customer,
        has_open_deal,
        revenue_band,
        country,
        from_day as day,
        1 as accounts,
        case when bought_after then 1 else 0 end as accounts_after,
        case when bought_before then 1 else 0 end as accounts_before
    from account_standing
    union all
    select
        is_customer,
        has_open_deal,
        revenue_band,
        country,
        to_day as day,
        -1 as accounts,
        case when bought_after then -1 else 0 end as accounts_after,
        case when bought_before then -1 else 0 end as accounts_before
    from account_standing
),

change as (
    select
        is_customer,
        has_open_deal,
        revenue_band,
        country,
        day,
        sum(accounts) as accounts,
        sum(accounts_after) as accounts_after,
        sum(accounts_before) as accounts_before,
        false as is_asked
    from moved
    group by is_customer, has_open_deal, revenue_band, country, day
    union all
    select distinct
        is_customer,
        has_open_deal,
        revenue_band,
        country,
        start_date as day,
        0 as accounts,
        0 as accounts_after,
        0 as accounts_before,
        true as is_asked
    from treated
),

counted as (
    select
        is_customer,
        has_open_deal,
        revenue_band,
        country,
        day,
        is_asked,
        sum(accounts) over (
            partition by is_customer, has_open_deal, revenue_band, country order by day, is_asked
            rows between unbounded preceding and current row
        ) as accounts,
        sum(accounts_after) over (
            partition by is_customer, has_open_deal, revenue_band, country order by day, is_asked
            rows between unbounded preceding and current row
        ) as accounts_after,
        sum(accounts_before) over (
            partition by is_customer, has_open_deal, revenue_band, country order by day, is_asked
            rows between unbounded preceding and current row
        ) as accounts_before
    from change
)

select
    campaign_key,
    'no_show' as against,
    cast(null as boolean) as is_customer,
    cast(null as boolean) as has_open_deal,
    cast(null as bigint) as revenue_band,
    cast(null as varchar) as country,
    count(*) filter (where attended) as treated,
    count(*) filter (where attended and bought_after) as treated_after,
    count(*) filter (where attended and bought_before) as treated_before,
    count(*) filter (where attended and has_open_deal) as treated_open,
    count(*) filter (where not attended) as controls,
    count(*) filter (where not attended and bought_after) as controls_after,
    count(*) filter (where not attended and bought_before) as controls_before
from stood
group by campaign_key
having count(*) filter (where attended) > 0
union all
select
    treated.campaign_key,
    'non_attendee' as against,
    treated.is_customer,
    treated.has_open_deal,
    cast(treated.revenue_band as bigint) as revenue_band,
    treated.country,
    treated.treated,
    treated.treated_after,
    treated.treated_before,
    case when treated.has_open_deal then treated.treated else 0 end as treated_open,
    cast(counted.accounts - treated.treated as bigint) as controls,
    cast(counted.accounts_after - treated.treated_after as bigint) as controls_after,
    cast(counted.accounts_before - treated.treated_before as bigint) as controls_before
from treated
inner join counted
    on counted.is_customer = treated.is_customer
    and counted.has_open_deal = treated.has_open_deal
    and counted.revenue_band = treated.revenue_band
    and counted.country = treated.country
    and counted.day = treated.start_date
    and counted.is_asked
