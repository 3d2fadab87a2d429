-- contact_measures: the published figures of each person (definition 15). Money in minor home units.
-- grain: one person of the CRM with a touch. What raw identities are given is in `contact_credit` only.
with events as (
    select
        person_key,
        count(distinct campaign_key) filter (where status = 'attended') as events_attended
    from touch_resolved
    where person_key is not null
    group by person_key
),

credited as (
    select
        person_key,
        cast(sum(attributed) as bigint) as attributed,
        cast(sum(attributed_collected) as bigint) as attributed_collected
    from contact_credit
    where person_key is not null
    group by person_key
)

select
    person.key as person_key,
    person.url,
    person.source,
    person.object,
    person.source_id,
    person.account_key,
    run.as_of,
    run.primary_model,
    events.events_attended,
    coalesce(credited.attributed, 0) as attributed,
    coalesce(credited.attributed_collected, 0) as attributed_collected
from events
cross join param.run as run
inner join person on person.key = events.person_key
left join credited on credited.person_key = events.person_key
