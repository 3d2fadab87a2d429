-- twin_evidence: what tells that two records are one person, normalised once.
-- grain: one lead, contact or subscriber; `entity_key` is the record that stands for it as people and systems state.
-- `place` orders the records by which of two is kept: one of a CRM before one of another system, a contact before a lead
-- before a subscriber, one with an account before one without, then the oldest, then the smallest key.
with stated as (
    select
        key,
        source,
        kind,
        account_key,
        created_at,
        coalesce(blank_to_null(name), blank_to_null(concat_ws(' ', first_name, last_name))) as name,
        normal_email(email) as email
    from staging.person
    where deleted_at is null
),

split as (
    select
        *,
        is_email(email) as is_address,
        split_part(email, '@', 1) as local_part,
        split_part(email, '@', 2) as host
    from stated
),

-- A domain is worked out once, however many people have their mail there.
host as (
    select
        known.host,
        free_mail.domain is not null as is_free
    from (
        select distinct host
        from split
        where is_address
    ) as known
    left join param.free_mail as free_mail on free_mail.domain = registrable(known.host)
)

select
    person.key,
    coalesce(survivor.survivor_key, person.key) as entity_key,
    person.kind,
    normal_name(person.name) as name,
    case when mailbox.local_part is null and person.is_address then person.email end as email,
    person.is_address and coalesce(host.is_free, false) as is_free,
    coalesce(account.survivor_key, person.account_key) as account_key,
    row_number() over (
        order by
            crm.source is null,
            case person.kind when 'contact' then 1 when 'lead' then 2 else 3 end,
            person.account_key is null,
            person.created_at nulls last,
            person.key
    ) as place
from split as person
left join survivor_stated as survivor on survivor.entity = 'person' and survivor.key = person.key
left join survivor_stated as account on account.entity = 'account' and account.key = person.account_key
left join crm_source as crm on crm.source = person.source
left join param.role_mailbox as mailbox on mailbox.local_part = person.local_part
left join host on host.host = person.host
