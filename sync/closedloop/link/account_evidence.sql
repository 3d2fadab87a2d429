-- account_evidence: what identifies an account, normalised once.
-- grain: one record of the CRM; a duplicate's values count for the account that it stands for.
select
    record.key,
    record.account_key,
    record.source_id,
    record.external_id,
    company_name(record.name) as name,
    legal_form(record.name) as legal_form,
    case when mailbox.local_part is null and is_email(record.email) then record.email end as email,
    normal_tax_id(record.tax_id) as tax_id,
    record.country
from account_record as record
left join param.role_mailbox as mailbox on mailbox.local_part = split_part(record.email, '@', 1)
