-- group_people: who was there (definitions 6 and 9).
-- grain: one group of events with a touch. Distinct people. Registered are also those who did not come and those who came.
select
    grouped.group_kind,
    grouped.group_key,
    count(distinct touch.person_identity) filter (where touch.status = 'attended') as attended,
    count(distinct touch.person_identity) filter (where touch.is_credit and touch.has_identity) as leads_captured,
    count(distinct touch.person_identity) filter (
        where touch.status in ('registered', 'no_show', 'attended')
    ) as registered,
    count(distinct touch.person_identity) filter (where touch.status = 'no_show') as no_shows
from campaign_group as grouped
inner join touch_resolved as touch on touch.campaign_key = grouped.campaign_key
group by grouped.group_kind, grouped.group_key
