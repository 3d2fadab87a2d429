-- attendee_work: the attendees whom a person of ours followed up in time.
-- grain: one attendee, with the first day of it. Counted from the touch to the end of the window, both days included: an activity towards the person,
-- towards a deal of theirs, or towards their company as such; a deal opened with them or its stage changed.
with work as (
    select person_key, at_date
    from activity
    where person_key is not null
    union
    select member.person_key, activity.at_date
    from activity
    inner join opportunity_person as member on member.opportunity_key = activity.opportunity_key
    union
    select member.person_key, opportunity.created_date as at_date
    from opportunity
    inner join opportunity_person as member on member.opportunity_key = opportunity.key
    union
    select member.person_key, change.changed_date as at_date
    from opportunity_change as change
    inner join opportunity_person as member on member.opportunity_key = change.opportunity_key
    where change.field = 'stage'
),

company_work as (
    select distinct account_key, at_date
    from activity
    where person_key is null and opportunity_key is null and account_key is not null
),

found as (
    select attendee.touch_key, work.at_date
    from touch_resolved as attendee
    cross join param.run as run
    inner join work on work.person_key = attendee.person_key
    where
        attendee.is_credit
        and work.at_date >= attendee.touch_date
        and work.at_date <= attendee.touch_date + run.first_touch_within_days
    union all
    select attendee.touch_key, work.at_date
    from touch_resolved as attendee
    cross join param.run as run
    inner join company_work as work on work.account_key = attendee.account_key
    where
        attendee.is_credit
        and attendee.person_key is not null
        and work.at_date >= attendee.touch_date
        and work.at_date <= attendee.touch_date + run.first_touch_within_days
)

select touch_key, min(at_date) as first_date
from found
group by touch_key
