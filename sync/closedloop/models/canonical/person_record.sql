-- person_record: every lead, contact and subscriber with the person that it stands for.
-- grain: one record, also a converted lead or a duplicate: its e-mail is still evidence for the survivor.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        person.*,
        cast((person.created_at at time zone run.time_zone) as date) as created_date
    from staging.person as person
    cross join param.run as run
)

select
    person.key,
    coalesce(survivor.survivor_key, person.key) as person_key,
    person.source,
    person.object,
    person.source_id,
    person.url,
    person.kind,
    coalesce(blank_to_null(person.name), blank_to_null(concat_ws(' ', person.first_name, person.last_name))) as name,
    normal_email(person.email) as email,
    coalesce(blank_to_null(person.phone), blank_to_null(person.mobile)) as phone,
    blank_to_null(person.mobile) as mobile,
    person.company,
    coalesce(account.survivor_key, person.account_key, converted.survivor_key, person.converted_account_key) as account_key,
    person.owner_key,
    person.status,
    person.converted_opportunity_key,
    coalesce(person.is_active, true) as is_active,
    person.has_opted_out,
    person.created_at,
    person.created_date
from dated as person
left join survivor on survivor.entity = 'person' and survivor.key = person.key
left join survivor as account on account.entity = 'account' and account.key = person.account_key
left join survivor as converted on converted.entity = 'account' and converted.key = person.converted_account_key
where person.deleted_at is null
