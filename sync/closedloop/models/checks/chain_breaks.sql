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
    select link.subject_kind, link.subject_key
    from chain_link as link
    group by link.subject_kind, link.subject_key
    having
        count(*) <> case link.subject_kind when 'attendee' then 8 else 5 end
        or count(distinct link.step) <> count(*)
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
select subject_kind || ' ' || subject_key as record, 'has not every link of its chain once' as detail
from uneven
union all
select 'chain_attendee' as record, 'has not one row for each credit touch' as detail
from missed
where attendees <> touches
