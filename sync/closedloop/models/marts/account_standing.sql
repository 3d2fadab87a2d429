-- account_standing: how each account would have stood before an event on a given first day, and whether it bought around
-- it: what attendees and others are compared by (definition 19).
-- grain: one account in one span of days, `from_day` up to but not with `to_day`, in which nothing of it changes; over the
-- first days of the events that have begun. On a day S: a customer if its first positive document is before S; an open
-- deal if created before S and not closed before S (closed without a day counts as closed); `revenue_band` the number of
-- digits of what it was invoiced in the 365 days before S in minor home units, 0 for nothing or less: bands by powers of
-- ten need no setting in any currency. `bought_after`: a positive document dated from S to S + follow-up; `bought_before`:
-- one in as many days before S. All are sums of steps up and down on the days of change, so that no account is looked at
-- for every event. One number carries the three counts, ten million apart: it is summed once, not three times.
with bound as (
    select min(campaign.start_date) as first_day, max(campaign.start_date) as last_day
    from campaign
    inner join param.run as run on campaign.start_date <= run.as_of
),

numbered as (
    select
        account.key,
        coalesce(upper(blank_to_null(account.country)), '') as country,
        first.first_document_date,
        row_number() over (order by account.key) as id
    from account
    inner join account_family as family on family.account_key = account.key and family.rolled_key = account.key
    left join account_first_document as first on first.account_key = account.key
),

purchase as (
    select
        numbered.id,
        document.date,
        coalesce(document.value, 0) as revenue,
        case
            when document.sign > 0
                and (document.value > 0 or (document.state = 'not_convertible' and document.net > 0)) then 1
            else 0
        end as bought
    from document_figure as document
    inner join numbered on numbered.key = document.account_key
),

deal as (
    select
        numbered.id,
        opportunity.created_date,
        case when opportunity.is_closed then opportunity.closed_date end as closed_date
    from opportunity_money as opportunity
    inner join numbered on numbered.key = opportunity.account_key
    where not opportunity.is_closed or opportunity.closed_date > opportunity.created_date
),

step as (
    select id, date '0001-01-01' as day, cast(0 as bigint) as revenue, cast(0 as bigint) as counts
    from numbered
    union all
    select purchase.id, purchase.date - run.follow_up_days as day, 0 as revenue, purchase.bought as counts
    from purchase
    cross join param.run as run
    where purchase.bought > 0
    union all
    select id, date + 1 as day, revenue, bought * (10000000 - 1) as counts
    from purchase
    union all
    select purchase.id, purchase.date + run.follow_up_days + 1 as day, 0 as revenue, -10000000 * purchase.bought as counts
    from purchase
    cross join param.run as run
    where purchase.bought > 0
    union all
    select id, date + 366 as day, -revenue as revenue, 0 as counts
    from purchase
    union all
    select id, created_date + 1 as day, 0 as revenue, 100000000000000 as counts
    from deal
    union all
    select id, closed_date + 1 as day, 0 as revenue, -100000000000000 as counts
    from deal
    where closed_date is not null
),

standing as (
    select
        step.id,
        greatest(step.day, bound.first_day) as from_day,
        lead(greatest(step.day, bound.first_day), 1, date '9999-12-31') over (
            partition by step.id order by greatest(step.day, bound.first_day)
        ) as to_day,
        cast(
            sum(step.revenue) over (
                partition by step.id order by greatest(step.day, bound.first_day)
                rows between unbounded preceding and current row
            ) as bigint
        ) as revenue,
        cast(
            sum(step.counts) over (
                partition by step.id order by greatest(step.day, bound.first_day)
                rows between unbounded preceding and current row
            ) as bigint
        ) as counts
    from step
    inner join bound on step.day <= bound.last_day
)

select
    numbered.key as account_key,
    standing.from_day,
    standing.to_day,
    coalesce(numbered.first_document_date < standing.from_day, false) as is_customer,
    standing.counts >= 100000000000000 as has_open_deal,
    case when standing.revenue > 0 then length(cast(standing.revenue as varchar)) else 0 end as revenue_band,
    numbered.country,
    standing.counts % 10000000 > 0 as bought_after,
    standing.counts // 10000000 % 10000000 > 0 as bought_before
from standing
inner join numbered on numbered.id = standing.id
where standing.from_day < standing.to_day
