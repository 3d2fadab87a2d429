-- deal_reference: the opportunity that a document names: its id, its number, or its purchase order (definition 10 a).
-- grain: one document that names an opportunity. An id or number in the reference made for it counts everywhere; numbers
-- and orders in free fields count on the account's own deals only. Of several: the account's own first, then by key.
with merged as (
    select
        deal.opportunity_key,
        deal.account_key,
        former.key as former_key,
        former.source_id as former_id,
        blank_to_null(former.number) as former_number
    from survivor
    inner join opportunity_money as deal on deal.opportunity_key = survivor.survivor_key
    inner join staging.opportunity as former on former.key = survivor.key
    where survivor.entity = 'opportunity'
),

name_of_deal as (
    select opportunity_key, account_key, upper(opportunity_key) as reference, 1 as priority
    from opportunity_money
    union all
    select opportunity_key, account_key, upper(trim(number)) as reference, 2 as priority
    from opportunity_money
    where number is not null
    union all
    select opportunity_key, account_key, upper(source_id) as reference, 3 as priority
    from opportunity_money
    union all
    -- An invoice goes on naming a deal that was merged since: it means the survivor.
    select opportunity_key, account_key, upper(former_key) as reference, 4 as priority
    from merged
    union all
    select opportunity_key, account_key, upper(trim(former_number)) as reference, 5 as priority
    from merged
    where former_number is not null
    union all
    select opportunity_key, account_key, upper(former_id) as reference, 6 as priority
    from merged
),

own_name as (
    select opportunity_key, account_key, upper(trim(number)) as reference, 7 as priority
    from opportunity_money
    where number is not null and account_key is not null
    union all
    select opportunity_key, account_key, upper(trim(po)) as reference, 8 as priority
    from opportunity_money
    where po is not null and account_key is not null
),

stated as (
    select document_key, account_key, upper(trim(opportunity_ref)) as reference
    from document_figure
    where opportunity_ref is not null
),

free_text as (
    select document_key, account_key, upper(trim(po)) as reference
    from document_figure
    where po is not null and account_key is not null
    union
    select document_key, account_key, upper(trim(reference)) as reference
    from document_figure
    where reference is not null and account_key is not null
    union
    select document_key, account_key, reference
    from stated
    where account_key is not null
),

found as (
    select
        stated.document_key,
        name_of_deal.opportunity_key,
        name_of_deal.priority,
        coalesce(name_of_deal.account_key = stated.account_key, false) as is_own
    from stated
    inner join name_of_deal on name_of_deal.reference = stated.reference
    union all
    select free_text.document_key, own_name.opportunity_key, own_name.priority, true as is_own
    from free_text
    inner join own_name
        on own_name.account_key = free_text.account_key and own_name.reference = free_text.reference
)

select document_key, opportunity_key as deal_key
from found
qualify row_number() over (partition by document_key order by is_own desc, priority, opportunity_key) = 1
