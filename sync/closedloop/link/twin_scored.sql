-- twin_scored: what the linker makes of people of the CRM that may be one.
-- grain: one pair of people, the smaller key first. Only the shape is here: `closedloop.models.matching` fills it.
select
    one.entity_key as one_key,
    other.entity_key as other_key,
    cast(null as double) as weight,
    cast(null as varchar) as pattern,
    cast(null as varchar) as doubt,
    cast(null as varchar) as evidence
from twin_evidence as one
inner join twin_evidence as other on other.key = one.key
inner join twin_exact on twin_exact.one_key = one.key
where 1 = 0
