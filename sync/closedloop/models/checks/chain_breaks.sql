-- chain_breaks: a chain has one first break, every reason of a broken link says what to do, every subject has every link.
with twice as (
    select subject_kind, subject_key
    from chain_break
    group by subject_kind, subject_key
    having count(*) > 1
),

unknown as (
    select distinct link.reason
    from chain_link as link
    left join break_fix as fix on fix.reason = link.reason
    where link.state = 'broken' and fix.reason is null
),

uneven as (
    select link.step, count(*) as links, max(subject.subjects) as subjects
    from chain_link as link
    inner join (
        select 'attendee' as subject_kind, count(*) as subjects
        from chain_attendee
        union all
        select 'account' as subject_kind, count(*) as subjects
        from chain_account
    ) as subject on subject.subject_kind = link.subject_kind
    group by link.step
),

late as (
    select count(*) as breaks
    from chain_break
    inner join chain_link as link
        on link.subject_kind = chain_break.subject_kind
        and link.subject_key = chain_break.subject_key
        and link.state = 'broken'
        and link.step < chain_break.step
),

missed as (
    select (select count(*) from chain_attendee) as attendees, (select count(*) from touch_resolved where is_credit) as touches
)

select subject_kind || ' ' || subject_key as record, 'has more than one first break' as detail
from twice
union all
select reason as record, 'is a reason that nothing says how to mend' as detail
from unknown
union all
select 'chain_link ' || cast(step as varchar) as record, 'is not there once for each subject' as detail
from uneven
where links <> subjects
union all
select 'chain_break' as record, 'is not the first broken link of ' || cast(breaks as varchar) || ' subjects' as detail
from late
where breaks > 0
union all
select 'chain_attendee' as record, 'has not one row for each credit touch' as detail
from missed
where attendees <> touches
