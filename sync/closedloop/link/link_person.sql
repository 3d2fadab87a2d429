-- link_person: who a touch, a converted lead or a duplicate record is.
-- grain: one identity (the key of a touch or of a person record) that is known to be a person.
-- A touch links by its best rule without a doubt if that names one contact, or no contact and one lead.
with decided as (
    select
        decision.left_key as identity_key,
        decision.right_key as person_key,
        decision.who
    from decision_now as decision
    inner join touch on touch.key = decision.left_key
    inner join person on person.key = decision.right_key
    where decision.kind = 'touch_person' and decision.verdict = 'accept'
    qualify row_number() over (partition by decision.left_key order by decision.id desc) = 1
),

best as (
    select
        *,
        min(tier) over (partition by touch_key) as best_tier
    from touch_candidate
    where doubt is null
),

declared as (
    select left_key as key, arg_max(who, id) as who
    from param.decision
    where kind = 'person_person'
    group by left_key
    having arg_max(verdict, id) = 'accept'
),

counted as (
    select
        *,
        count(*) filter (where kind = 'contact') over (partition by touch_key) as contacts,
        count(*) over (partition by touch_key) as people
    from best
    where tier = best_tier
)

select
    person_key,
    identity_key,
    'decision' as rule,
    'Decided by ' || who || '.' as evidence,
    true as decided
from decided
union all
select counted.person_key, counted.touch_key as identity_key, counted.rule, counted.evidence, false as decided
from counted
left join decided on decided.identity_key = counted.touch_key
where
    decided.identity_key is null
    and ((counted.contacts = 1 and counted.kind = 'contact') or counted.people = 1)
union all
select
    record.person_key,
    record.key as identity_key,
    case
        when twin.key is not null then 'same_person'
        when record.kind = 'lead' and person.kind = 'contact' then 'converted'
        else 'merged'
    end as rule,
    case
        when twin.key is not null then twin.evidence
        when declared.who is not null then 'Declared the same by ' || declared.who || '.'
        when record.kind = 'lead' and person.kind = 'contact' then 'The lead was converted to this contact.'
        else 'The record was merged into this one.'
    end as evidence,
    false as decided
from person_record as record
inner join person on person.key = record.person_key
left join person_twin as twin on twin.key = record.key
left join declared on declared.key = record.key
where record.key <> record.person_key
