-- account_link: the links of each account's chain that are broken, from won to paid.
-- grain: one broken link of one account, or one ledger customer that no account owns.
with won as (
    select account_key, min(closed_date) as first_won
    from opportunity_money
    where is_won and account_key is not null
    group by account_key
),

owned as (
    select distinct account_key
    from link_customer_account
),

contested as (
    select distinct candidate.account_key
    from customer_candidate as candidate
    inner join link_ambiguous as ambiguous
        on ambiguous.kind = 'customer_account' and ambiguous.left_key = candidate.customer_key
),

late_deal as (
    select account_key, reason, since, url
    from won_deal
    where reason is not null
    qualify row_number() over (
        partition by account_key order by greatest(amount - invoiced, 0) desc, opportunity_key
    ) = 1
),

overdue as (
    select document.account_key, document.due_date, document.url
    from document_value as document
    cross join param.run as run
    where
        document.account_key is not null
        and document.kind = 'invoice'
        and document.due_date < run.as_of
        and document.document_open > 0
    qualify row_number() over (
        partition by document.account_key order by document.due_date, document.document_key
    ) = 1
)

select
    won.account_key as subject_key,
    won.account_key,
    1 as step,
    'customer' as link,
    case when contested.account_key is not null then 'ambiguous_customer' else 'won_without_customer' end as reason,
    won.first_won as since,
    account.url
from won
inner join account on account.key = won.account_key
left join owned on owned.account_key = won.account_key
left join contested on contested.account_key = won.account_key
where owned.account_key is null
union all
select
    account_key as subject_key,
    account_key,
    2 as step,
    'invoiced' as link,
    reason,
    since,
    url
from late_deal
union all
select
    account_key as subject_key,
    account_key,
    3 as step,
    'paid' as link,
    'overdue_invoice' as reason,
    due_date + 1 as since,
    url
from overdue
union all
select
    customer_key as subject_key,
    cast(null as varchar) as account_key,
    2 as step,
    'invoiced' as link,
    'invoice_without_account' as reason,
    first_document_date as since,
    url
from unlinked_customer
