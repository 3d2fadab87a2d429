-- group_people: who was there (definitions 6 and 9).
-- grain: one group of events with a touch. Distinct people. Registered are also those who did not come and those who came.
with person as (
    select
        grouped.group_kind,
        grouped.group_key,
        bool_or(touch.status = 'attended') as has_attended,
        bool_or(touch.is_credit and touch.has_identity) as is_lead,
        bool_or(touch.status in ('registered', 'no_show', 'attended')) as has_registered,
        bool_or(touch.status = 'no_show') as has_not_come
    from campaign_group as grouped
    inner join touch_resolved as touch on touch.campaign_key = grouped.campaign_key
    group by grouped.group_kind, grouped.group_key, touch.person_identity
)

select
    group_kind,
    group_key,
    count(*) filter (where has_attended) as attended,
    count(*) filter (where is_lead) as leads_captured,
    count(*) filter (where has_registered) as registered,
    count(*) filter (where has_not_come) as no_shows
from person
group by group_kind, group_key
