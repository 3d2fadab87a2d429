-- customer_evidence: what identifies a ledger customer, normalised once.
-- grain: one customer.
select
    customer.key as customer_key,
    customer.source_id,
    customer.external_id,
    company_name(customer.name) as name,
    legal_form(customer.name) as legal_form,
    case when mailbox.local_part is null and is_email(customer.email) then customer.email end as email,
    normal_tax_id(customer.tax_id) as tax_id,
    customer.country
from customer
left join param.role_mailbox as mailbox on mailbox.local_part = split_part(customer.email, '@', 1)
