-- touch_scored: what the linker makes of the touches that exact evidence leaves without a person.
-- grain: one candidate of one touch. Only the shape is here: `closedloop.models.matching` fills it.
select
    touch.key as touch_key,
    person_record.person_key,
    cast(null as varchar) as record_key,
    cast(null as varchar) as kind,
    cast(null as varchar) as decision,
    cast(null as bigint) as place,
    cast(null as double) as weight,
    cast(null as varchar) as pattern,
    cast(null as varchar) as doubt,
    cast(null as varchar) as runner_up,
    cast(null as double) as gap,
    cast(null as varchar) as evidence
from touch
inner join person_record on person_record.key = touch.key
inner join touch_exact on touch_exact.touch_key = touch.key
inner join account_record on account_record.key = touch.key
where 1 = 0
