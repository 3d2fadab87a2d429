-- chain_account: how far the chain of each customer account holds, from the ledger's customer to the next purchase.
-- grain: one account with a won deal or a ledger customer, or one ledger customer with documents that no account owns.
-- Each link has a column as in `chain_attendee`. An account that no ledger customer is linked to has nothing invoiced or paid.
-- Unsubscribed: somebody has opted out and nobody who can be written to is left.
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
    select account_key, reason, since, url, is_pending
    from won_deal
    qualify row_number() over (
        partition by account_key
        order by reason is null, not is_pending, missing desc, opportunity_key
    ) = 1
),

invoice as (
    select
        document.account_key,
        document.url,
        document.due_date,
        document.due_date < run.as_of and document.document_open > 0 as is_overdue
    from document_value as document
    cross join param.run as run
    where document.account_key is not null
    qualify row_number() over (
        partition by document.account_key
        order by
            coalesce(document.kind = 'invoice' and document.due_date < run.as_of and document.document_open > 0, false) desc,
            document.due_date,
            document.document_key
    ) = 1
),

ticket_count as (
    select count(*) as tickets
    from ticket
),

consent as (
    select account_key, bool_and(coalesce(has_opted_out, false)) as has_opted_out
    from person
    where account_key is not null and (email is not null or has_opted_out)
    group by account_key
),

subject as (
    select account_key
    from won
    union
    select account_key
    from owned
),

judged as (
    select
        subject.account_key as subject_key,
        subject.account_key,
        account.owner_key,
        case
            when owned.account_key is not null then 'ok'
            when contested.account_key is not null then 'ambiguous_customer'
            else 'won_without_customer'
        end as customer,
        won.first_won as customer_since,
        account.url as account_url,
        case
            when owned.account_key is null or late_deal.account_key is null then 'not_applicable'
            when late_deal.reason is not null then late_deal.reason
            when late_deal.is_pending then 'pending'
            else 'ok'
        end as invoiced,
        late_deal.since as invoiced_since,
        late_deal.url as invoiced_url,
        case
            when invoice.account_key is null then 'not_applicable'
            when invoice.is_overdue then 'overdue_invoice'
            else 'ok'
        end as paid,
        invoice.due_date + 1 as paid_since,
        invoice.url as paid_url,
        case
            when ticket_count.tickets = 0 then 'not_applicable'
            else coalesce(supported.supported, 'ok')
        end as supported,
        supported.since as supported_since,
        supported.url as supported_url,
        case
            when run.as_of > cycle.due_date then 'no_repeat_past_cycle'
            when consent.has_opted_out then 'unsubscribed_customer'
            when cycle.purchases > 1 then 'ok'
            when cycle.purchases = 1 then 'pending'
            else 'not_applicable'
        end as repeat,
        case when run.as_of > cycle.due_date then cycle.due_date + 1 end as repeat_since
    from subject
    inner join account on account.key = subject.account_key
    cross join param.run as run
    cross join ticket_count
    left join won on won.account_key = subject.account_key
    left join owned on owned.account_key = subject.account_key
    left join contested on contested.account_key = subject.account_key
    left join late_deal on late_deal.account_key = subject.account_key
    left join invoice on invoice.account_key = subject.account_key
    left join account_ticket as supported on supported.account_key = subject.account_key
    left join consent on consent.account_key = subject.account_key
    left join account_cycle as cycle on cycle.account_key = subject.account_key
    union all
    select
        customer_key as subject_key,
        cast(null as varchar) as account_key,
        cast(null as varchar) as owner_key,
        'not_applicable' as customer,
        cast(null as date) as customer_since,
        url as account_url,
        'invoice_without_account' as invoiced,
        first_document_date as invoiced_since,
        url as invoiced_url,
        'not_applicable' as paid,
        cast(null as date) as paid_since,
        url as paid_url,
        'not_applicable' as supported,
        cast(null as date) as supported_since,
        url as supported_url,
        'not_applicable' as repeat,
        cast(null as date) as repeat_since
    from unlinked_customer
)

select
    *,
    case
        when customer not in ('ok', 'pending', 'not_applicable') then 9
        when invoiced not in ('ok', 'pending', 'not_applicable') then 10
        when paid not in ('ok', 'pending', 'not_applicable') then 11
        when supported not in ('ok', 'pending', 'not_applicable') then 12
        when repeat not in ('ok', 'pending', 'not_applicable') then 13
    end as broken_step
from judged
