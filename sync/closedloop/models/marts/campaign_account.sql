-- campaign_account: the accounts that an event reached, and what they were ever invoiced. Overlapping.
-- grain: one account of people who attended one campaign. `_after`: documents on or after the event's first day.
select
    group_key as campaign_key,
    account_key,
    attended,
    invoiced,
    collected,
    invoiced_after,
    collected_after,
    first_document_date,
    is_new_customer,
    not_convertible
from group_account
where group_kind = 'campaign'
