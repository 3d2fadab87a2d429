-- group_opportunity: the deals that a group of events opened or moved on, each once.
-- grain: one deal. Created at one of the events goes before advanced at another; `touch_date` is the earliest touch that
-- did it. `by_role`: a person from an event has a role on it, which may be all that says so (`is_created` and
-- `is_advanced` are then both false).
with moved as (
    select
        grouped.group_kind,
        grouped.group_key,
        opened.opportunity_key,
        bool_or(opened.by_account and opened.role = 'created') as is_created,
        bool_or(opened.by_account and opened.role = 'advanced') as is_advanced,
        bool_or(opened.by_role and opened.role = 'created') as by_role,
        min(opened.touch_date) filter (where opened.by_account and opened.role = 'created') as created_touch,
        min(opened.touch_date) filter (where opened.by_account and opened.role = 'advanced') as advanced_touch,
        arg_min(opened.amount_at_event, (opened.touch_date, opened.campaign_key)) filter (
            where opened.by_account and opened.role = 'advanced'
        ) as amount_at_event
    from campaign_opportunity as opened
    inner join campaign_group as grouped on grouped.campaign_key = opened.campaign_key
    group by grouped.group_kind, grouped.group_key, opened.opportunity_key
)

select
    moved.group_kind,
    moved.group_key,
    moved.opportunity_key,
    moved.is_created,
    moved.is_advanced and not moved.is_created as is_advanced,
    moved.by_role,
    case when moved.is_created then moved.created_touch else moved.advanced_touch end as touch_date,
    case when moved.is_created then deal.first_amount end as amount_created,
    case when moved.is_advanced and not moved.is_created then moved.amount_at_event end as amount_at_event,
    deal.amount as amount_now,
    deal.probability,
    deal.is_won,
    deal.is_closed,
    deal.created_date,
    deal.closed_date
from moved
inner join opportunity_money as deal on deal.opportunity_key = moved.opportunity_key
