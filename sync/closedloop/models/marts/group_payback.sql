-- group_payback: when what the events were given had paid their cost: the first day on which it reached the cost, the
-- first later day on which it fell below, the first after that on which it reached it again, and whether it does now.
-- grain: one group of events with a cost. Invoiced by the documents' days, collected by those of their settlements.
with daily as (
    select
        grouped.group_kind,
        grouped.group_key,
        day.date,
        sum(day.attributed) as attributed,
        sum(day.collected) as collected
    from campaign_day as day
    inner join campaign_group as grouped on grouped.campaign_key = day.campaign_key
    group by grouped.group_kind, grouped.group_key, day.date
),

cumulated as (
    select
        daily.group_kind,
        daily.group_key,
        daily.date,
        sum(daily.attributed) over (
            partition by daily.group_kind, daily.group_key order by daily.date
            rows between unbounded preceding and current row
        ) >= cost.cost as is_paid,
        sum(daily.collected) over (
            partition by daily.group_kind, daily.group_key order by daily.date
            rows between unbounded preceding and current row
        ) >= cost.cost as is_collected
    from daily
    inner join group_cost as cost on cost.group_kind = daily.group_kind and cost.group_key = daily.group_key
    where cost.cost > 0
),

reached as (
    select
        *,
        min(case when is_paid then date end) over (partition by group_kind, group_key) as paid_date,
        min(case when is_collected then date end) over (partition by group_kind, group_key) as collected_date,
        max(date) over (partition by group_kind, group_key) as last_date
    from cumulated
),

lost as (
    select
        *,
        min(case when not is_paid and date > paid_date then date end) over (
            partition by group_kind, group_key
        ) as paid_lost_date,
        min(case when not is_collected and date > collected_date then date end) over (
            partition by group_kind, group_key
        ) as collected_lost_date
    from reached
)

select
    cost.group_kind,
    cost.group_key,
    min(lost.paid_date) as payback_date,
    min(lost.paid_lost_date) as payback_lost_date,
    min(case when lost.is_paid and lost.date > lost.paid_lost_date then lost.date end) as payback_regained_date,
    coalesce(bool_or(lost.is_paid and lost.date = lost.last_date), false) as paid_back_now,
    min(lost.collected_date) as payback_date_collected,
    min(lost.collected_lost_date) as payback_lost_date_collected,
    min(case when lost.is_collected and lost.date > lost.collected_lost_date then lost.date end)
        as payback_regained_date_collected,
    coalesce(bool_or(lost.is_collected and lost.date = lost.last_date), false) as paid_back_now_collected
from group_cost as cost
left join lost on lost.group_kind = cost.group_kind and lost.group_key = cost.group_key
where cost.cost > 0
group by cost.group_kind, cost.group_key
