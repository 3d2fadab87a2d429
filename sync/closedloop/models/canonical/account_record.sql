-- account_record: every company record of the CRM with the account that it stands for.
-- grain: one record, also one that was merged or declared a duplicate: what it says is still evidence for the survivor.
select
    account.key,
    coalesce(survivor.survivor_key, account.key) as account_key,
    account.source,
    account.object,
    account.source_id,
    account.url,
    coalesce(blank_to_null(account.name), account.source_id) as name,
    normal_email(account.email) as email,
    account.website,
    account.phone,
    upper(blank_to_null(account.country)) as country,
    account.tax_id,
    blank_to_null(account.external_id) as external_id,
    coalesce(parent.survivor_key, account.parent_key) as parent_key,
    account.owner_key,
    account.created_at
from staging.account as account
left join survivor on survivor.entity = 'account' and survivor.key = account.key
left join survivor as parent on parent.entity = 'account' and parent.key = account.parent_key
where account.deleted_at is null
