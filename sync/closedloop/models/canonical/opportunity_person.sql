-- opportunity_person: who has a role on a deal: contact roles, the deal's own contact, and the lead that became it.
-- grain: one person on one opportunity.
with stated as (
    select opportunity_key, person_key
    from staging.opportunity_person
    where deleted_at is null
    union all
    select key as opportunity_key, person_key
    from opportunity
    union all
    select converted_opportunity_key as opportunity_key, person_key
    from person_record
)

select distinct stated.opportunity_key, coalesce(survivor.survivor_key, stated.person_key) as person_key
from stated
inner join opportunity on opportunity.key = stated.opportunity_key
left join survivor on survivor.entity = 'person' and survivor.key = stated.person_key
where stated.person_key is not null
