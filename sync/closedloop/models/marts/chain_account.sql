-- chain_account: how far the chain of each customer account holds, from the ledger's customer to the next purchase.
-- grain: one account with a won deal or a ledger customer, or one ledger customer with documents that no account owns.
-- Each link has a column as in `chain_attendee`. An account that no ledger customer is linked to has nothing invoiced or paid.
-- `_since` is of a broken link; `_date` since when it holds or waits, `_until` the last day on which it may wait. Who has no day
-- of its own has the first one known: a customer its first document, else its record; paid: the last invoice paid off.
-- Unsubscribed: somebody has opted out and nobody who can be written to is left.
with won as (
    select account_key, min(closed_date) as first_won
    from opportunity_money
    where is_won and account_key is not null
    group by account_key
),

owned as (
    select link.account_key, min(customer.created_date) as created_date
    from link_customer_account as link
    inner join customer on customer.key = link.customer_key
    group by link.account_key
),

waiting as (
    select
        account_key,
        max(complete_date) as complete_date,
        min(closed_date) filter (where is_pending) as pending_date,
        min(until) filter (where is_pending) as until
    from won_deal
    group by account_key
),

billed as (
    select account_key, min(date) as first_date
    from document_figure
    where account_key is not null
    group by account_key
),

paid_off as (
    select figure.account_key, figure.document_key, min(day.date) as date
    from document_figure as figure
    inner join settled_day as day on day.document_key = figure.document_key
    where figure.account_key is not null and figure.kind = 'invoice' and day.settled_to >= figure.gross
    group by figure.account_key, figure.document_key
),

last_paid as (
    select account_key, max(date) as date
    from paid_off
    group by account_key
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
    from document_figure as document
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
        coalesce(billed.first_date, owned.created_date) as customer_date,
        account.url as account_url,
        case
            when owned.account_key is null or late_deal.account_key is null then 'not_applicable'
            when late_deal.reason is not null then late_deal.reason
            when late_deal.is_pending then 'pending'
            else 'ok'
        end as invoiced,
        late_deal.since as invoiced_since,
        case when late_deal.is_pending then waiting.pending_date else waiting.complete_date end as invoiced_date,
        waiting.until as invoiced_until,
        late_deal.url as invoiced_url,
        case
            when invoice.account_key is null then 'not_applicable'
            when invoice.is_overdue then 'overdue_invoice'
            else 'ok'
        end as paid,
        invoice.due_date + 1 as paid_since,
        coalesce(last_paid.date, billed.first_date) as paid_date,
        invoice.url as paid_url,
        case
            when ticket_count.tickets = 0 then 'not_applicable'
            else coalesce(supported.supported, 'ok')
        end as supported,
        supported.since as supported_since,
        coalesce(supported.date, billed.first_date, owned.created_date, won.first_won) as supported_date,
        supported.until as supported_until,
        supported.url as supported_url,
        case
            when run.as_of > cycle.due_date then 'no_repeat_past_cycle'
            when consent.has_opted_out then 'unsubscribed_customer'
            when cycle.purchases > 1 then 'ok'
            when cycle.purchases = 1 then 'pending'
            else 'not_applicable'
        end as repeat,
        case when run.as_of > cycle.due_date then cycle.due_date + 1 end as repeat_since,
        cycle.last_date as repeat_date,
        cycle.due_date as repeat_until
    from subject
    inner join account on account.key = subject.account_key
    cross join param.run as run
    cross join ticket_count
    left join won on won.account_key = subject.account_key
    left join owned on owned.account_key = subject.account_key
    left join contested on contested.account_key = subject.account_key
    left join waiting on waiting.account_key = subject.account_key
    left join billed on billed.account_key = subject.account_key
    left join last_paid on last_paid.account_key = subject.account_key
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
        cast(null as date) as customer_date,
        url as account_url,
        'invoice_without_account' as invoiced,
        first_document_date as invoiced_since,
        cast(null as date) as invoiced_date,
        cast(null as date) as invoiced_until,
        url as invoiced_url,
        'not_applicable' as paid,
        cast(null as date) as paid_since,
        cast(null as date) as paid_date,
        url as paid_url,
        'not_applicable' as supported,
        cast(null as date) as supported_since,
        cast(null as date) as supported_date,
        cast(null as date) as supported_until,
        url as supported_url,
        'not_applicable' as repeat,
        cast(null as date) as repeat_since,
        cast(null as date) as repeat_date,
        cast(null as date) as repeat_until
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
