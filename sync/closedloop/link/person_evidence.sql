-- person_evidence: what identifies a person, normalised once.
-- grain: one record of the CRM with an e-mail that can identify somebody (no role mailbox), or a name.
select
    record.key,
    record.person_key,
    person.kind,
    person.account_key,
    normal_name(record.name) as name,
    case when mailbox.local_part is null and is_email(record.email) then record.email end as email
from person_record as record
inner join person on person.key = record.person_key
left join param.role_mailbox as mailbox on mailbox.local_part = split_part(record.email, '@', 1)
