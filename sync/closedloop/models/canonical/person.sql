-- person: people in the CRM, converted leads and duplicates left out.
-- grain: one person. A survivor without an account has that of a record that became it (smallest key first). Who is on
-- mailing lists has opted out where they have left every list that knows, or where the CRM says so.
with inherited as (
    select person_key, account_key, owner_key
    from person_record
    where key <> person_key and account_key is not null
    qualify row_number() over (partition by person_key order by key) = 1
),

listed as (
    select person_key, bool_and(has_opted_out) as has_opted_out
    from person_record
    where kind = 'subscriber' and has_opted_out is not null
    group by person_key
)

select
    record.key,
    record.source,
    record.object,
    record.source_id,
    record.url,
    record.kind,
    record.name,
    record.email,
    record.phone,
    record.mobile,
    record.company,
    coalesce(record.account_key, inherited.account_key) as account_key,
    coalesce(record.owner_key, inherited.owner_key) as owner_key,
    record.status,
    record.is_active,
    case
        when record.kind <> 'subscriber' and record.has_opted_out then true
        else coalesce(listed.has_opted_out, record.has_opted_out)
    end as has_opted_out,
    record.created_at,
    record.created_date
from person_record as record
left join inherited on inherited.person_key = record.key
left join listed on listed.person_key = record.key
where record.key = record.person_key
