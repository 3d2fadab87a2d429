-- account_standing: how each account would have stood before an event on a given first day, and whether it bought around
-- it: what attendees and others are compared by (definition 19).
-- grain: one account in one span of days, `from_day` up to but not with `to_day`, in which nothing of it changes; over the
-- first days of the events that have begun. On a day S: a customer if its first positive document is before S; an open
-- deal if created before S and not closed before S (closed without a day counts as closed); `revenue_band` the number of
-- digits of what it was invoiced in the 365 days before S in minor home units, 0 for nothing or less: bands by powers of
-- ten need no setting in any currency. `bought_after`: a positive document dated from S to S + follow-up; `bought_before`:
-- one in as many days before S. All are sums of steps up and down, so every day costs nothing but the days of change.
with bound as (
    select min(campaign.start_date) as first_day, max(campaign.start_date) as last_day
    from campaign
    inner join param.run as run on campaign.start_date <= run.as_of
),

purchase as (
    select
        account_key,
        date,
        cast(coalesce(sum(value), 0) as bigint) as revenue,
        case
            when count(*) filter (
                where sign > 0 and (value > 0 or (state = 'not_convertible' and net > 0))
            ) > 0 then 1
            else 0
        end as bought
    from document_figure
    where account_key is not null
    group by account_key, date
),

step as (
    select key as account_key, date '0001-01-01' as day, 0 as revenue, 0 as bought_after, 0 as bought_before, 0 as deals, 0 as sales
    from account
    union all
    select purchase.account_key, purchase.date - run.follow_up_days as day, 0 as revenue, purchase.bought as bought_after, 0 as bought_before, 0 as deals, 0 as sales
    from purchase
    cross join param.run as run
    where purchase.bought > 0
    union all
    select account_key, date + 1 as day, revenue, -bought as bought_after, bought as bought_before, 0 as deals, bought as sales
    from purchase
    union all
    select account_key, date + 366 as day, -revenue as revenue, 0 as bought_after, 0 as bought_before, 0 as deals, 0 as sales
    from purchase
    union all
    select purchase.account_key, purchase.date + run.follow_up_days + 1 as day, 0 as revenue, 0 as bought_after, -purchase.bought as bought_before, 0 as deals, 0 as sales
    from purchase
    cross join param.run as run
    where purchase.bought > 0
    union all
    select account_key, created_date + 1 as day, 0 as revenue, 0 as bought_after, 0 as bought_before, 1 as deals, 0 as sales
    from opportunity_money
    where account_key is not null and (not is_closed or closed_date > created_date)
    union all
    select account_key, closed_date + 1 as day, 0 as revenue, 0 as bought_after, 0 as bought_before, -1 as deals, 0 as sales
    from opportunity_money
    where account_key is not null and is_closed and closed_date > created_date
),

daily as (
    select
        step.account_key,
        greatest(step.day, bound.first_day) as day,
        sum(step.revenue) as revenue,
        sum(step.bought_after) as bought_after,
        sum(step.bought_before) as bought_before,
        sum(step.deals) as deals,
        sum(step.sales) as sales
    from step
    inner join bound on step.day <= bound.last_day
    group by step.account_key, greatest(step.day, bound.first_day)
),

standing as (
    select
        account_key,
        day as from_day,
        lead(day, 1, date '9999-12-31') over (partition by account_key order by day) as to_day,
        sum(revenue) over (partition by account_key order by day) as revenue,
        sum(bought_after) over (partition by account_key order by day) as bought_after,
        sum(bought_before) over (partition by account_key order by day) as bought_before,
        sum(deals) over (partition by account_key order by day) as deals,
        sum(sales) over (partition by account_key order by day) as sales
    from daily
)

select
    standing.account_key,
    standing.from_day,
    standing.to_day,
    standing.sales > 0 as is_customer,
    standing.deals > 0 as has_open_deal,
    case when standing.revenue > 0 then length(cast(cast(standing.revenue as bigint) as varchar)) else 0 end as revenue_band,
    coalesce(upper(blank_to_null(account.country)), '') as country,
    standing.bought_after > 0 as bought_after,
    standing.bought_before > 0 as bought_before
from standing
inner join account on account.key = standing.account_key
