-- account: companies in the CRM, merged and duplicate records left out.
-- grain: one account.
select
    key,
    source,
    object,
    source_id,
    url,
    name,
    email,
    website,
    phone,
    country,
    tax_id,
    external_id,
    parent_key,
    owner_key,
    created_at
from account_record
where key = account_key
