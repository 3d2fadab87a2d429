-- twin_evidence: what tells that two records are one person, normalised once.
-- grain: one lead, contact or subscriber; `entity_key` is the record that stands for it as people and systems state.
-- `place` orders the records by which of two is kept: one of a CRM before one of another system, a contact before a lead
-- before a subscriber, one with an account before one without, then the oldest, then the smallest key.
select
    person.key,
    coalesce(survivor.survivor_key, person.key) as entity_key,
    person.kind,
    normal_name(coalesce(blank_to_null(person.name), blank_to_null(concat_ws(' ', person.first_name, person.last_name)))) as name,
    case when mailbox.local_part is null and is_email(normal_email(person.email)) then normal_email(person.email) end as email,
    free_mail.domain is not null as is_free,
    coalesce(account.survivor_key, person.account_key) as account_key,
    row_number() over (
        order by
            crm.source is null,
            case person.kind when 'contact' then 1 when 'lead' then 2 else 3 end,
            person.account_key is null,
            person.created_at nulls last,
            person.key
    ) as place
from staging.person as person
left join survivor_stated as survivor on survivor.entity = 'person' and survivor.key = person.key
left join survivor_stated as account on account.entity = 'account' and account.key = person.account_key
left join crm_source as crm on crm.source = person.source
left join param.role_mailbox as mailbox on mailbox.local_part = split_part(normal_email(person.email), '@', 1)
left join param.free_mail as free_mail on free_mail.domain = email_domain(normal_email(person.email))
where person.deleted_at is null
