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

select distinct opportunity.key as opportunity_key, coalesce(survivor.survivor_key, stated.person_key) as person_key
from stated
left join survivor as merged on merged.entity = 'opportunity' and merged.key = stated.opportunity_key
inner join opportunity on opportunity.key = coalesce(merged.survivor_key, stated.opportunity_key)
left join survivor on survivor.entity = 'person' and survivor.key = stated.person_key
where stated.person_key is not null
