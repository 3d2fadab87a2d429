-- tie_out: the documents of each ledger month by month, beside the ledger's own income and receivable accounts, with what
-- makes them differ named.
-- grain: one ledger and one month (its first day) in which something was booked, up to the as-of day. Minor home units.
-- Income is of the month; receivables stand at the month's end. `ledger_` columns are empty where the ledger's own figures
-- are not read, or are in another home currency: `state` says so. Each difference is the sum of its parts:
-- `_documents` documents that the ledger books in another month or on other accounts, or that have no rate;
-- `_payments` payments that settle no document, and what they brought at another rate; `_exchange` exchange differences;
-- `_bank` sales booked from the bank; `_journals` journal entries; `_other` the rest. `state`: not_read, other_currency,
-- equal, explained (the documents agree, the rest is named), differs (the documents themselves do not agree).
with counted as (
    select document.document_key, document.source, document.kind, document.sign, document.date, document.value,
        document.gross, document.home_gross
    from document_figure as document
    where document.state = 'counted'
),

open_to as (
    select
        counted.source,
        counted.document_key,
        counted.date,
        0 as place,
        counted.sign * counted.home_gross as amount
    from counted
    union all
    select
        counted.source,
        counted.document_key,
        day.date,
        1 as place,
        counted.sign * mul_div(counted.home_gross, counted.gross - day.settled_to, counted.gross) as amount
    from counted
    inner join settled_day as day on day.document_key = counted.document_key
    where counted.gross <> 0
),

moved as (
    select
        source,
        date,
        place,
        amount - lag(amount, 1, 0) over (partition by document_key order by date, place) as amount
    from open_to
),

of_documents as (
    select
        source,
        date - (cast(extract(day from date) as integer) - 1) as month,
        sum(value) as income,
        sum(value) filter (where kind = 'invoice') as invoices,
        sum(value) filter (where kind = 'sales_receipt') as sales_receipts,
        sum(value) filter (where kind = 'credit_note') as credit_notes,
        sum(value) filter (where kind = 'refund') as refunds
    from counted
    group by source, date - (cast(extract(day from date) as integer) - 1)
),

of_open as (
    select
        source,
        date - (cast(extract(day from date) as integer) - 1) as month,
        sum(amount) as open,
        sum(amount) filter (where place = 0) as billed
    from moved
    group by source, date - (cast(extract(day from date) as integer) - 1)
),

of_ledger as (
    select
        total.source,
        total.date - (cast(extract(day from total.date) as integer) - 1) as month,
        min(total.home_currency) as home_currency,
        sum(total.amount) filter (where total.side = 'income') as income,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'document') as income_documents,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'exchange') as income_exchange,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'bank') as income_bank,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'journal') as income_journals,
        sum(total.amount) filter (where total.side = 'receivable') as receivable,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'document') as receivable_documents,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'payment') as receivable_payments,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'exchange') as receivable_exchange,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'bank') as receivable_bank,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'journal') as receivable_journals
    from ledger_total as total
    cross join param.run as run
    where total.date <= run.as_of
    group by total.source, total.date - (cast(extract(day from total.date) as integer) - 1)
),

every_month as (
    select source, month
    from of_documents
    union
    select source, month
    from of_open
    union
    select source, month
    from of_ledger
),

currency_of as (
    select source, min(home_currency) as home_currency
    from of_ledger
    group by source
),

beside as (
    select
        every_month.source,
        every_month.month,
        case
            when currency_of.source is null then 'not_read'
            when currency_of.home_currency <> run.home_currency then 'other_currency'
        end as unread,
        coalesce(of_documents.income, 0) as documents_income,
        coalesce(of_documents.invoices, 0) as invoices,
        coalesce(of_documents.sales_receipts, 0) as sales_receipts,
        coalesce(of_documents.credit_notes, 0) as credit_notes,
        coalesce(of_documents.refunds, 0) as refunds,
        coalesce(of_ledger.income, 0) as income,
        coalesce(of_ledger.income_documents, 0) - coalesce(of_documents.income, 0) as income_documents,
        coalesce(of_ledger.income_exchange, 0) as income_exchange,
        coalesce(of_ledger.income_bank, 0) as income_bank,
        coalesce(of_ledger.income_journals, 0) as income_journals,
        sum(coalesce(of_open.open, 0)) over until as documents_open,
        sum(coalesce(of_ledger.receivable, 0)) over until as receivable,
        sum(coalesce(of_ledger.receivable_documents, 0) - coalesce(of_open.billed, 0)) over until as receivable_documents,
        sum(coalesce(of_ledger.receivable_payments, 0) - coalesce(of_open.open, 0) + coalesce(of_open.billed, 0))
            over until as receivable_payments,
        sum(coalesce(of_ledger.receivable_exchange, 0)) over until as receivable_exchange,
        sum(coalesce(of_ledger.receivable_bank, 0)) over until as receivable_bank,
        sum(coalesce(of_ledger.receivable_journals, 0)) over until as receivable_journals
    from every_month
    cross join param.run as run
    left join of_documents on of_documents.source = every_month.source and of_documents.month = every_month.month
    left join of_open on of_open.source = every_month.source and of_open.month = every_month.month
    left join of_ledger on of_ledger.source = every_month.source and of_ledger.month = every_month.month
    left join currency_of on currency_of.source = every_month.source
    window until as (
        partition by every_month.source order by every_month.month rows between unbounded preceding and current row
    )
)

select
    source,
    month,
    cast(documents_income as bigint) as documents_income,
    cast(invoices as bigint) as invoices,
    cast(sales_receipts as bigint) as sales_receipts,
    cast(credit_notes as bigint) as credit_notes,
    cast(refunds as bigint) as refunds,
    case when unread is null then cast(income as bigint) end as ledger_income,
    case when unread is null then cast(income - documents_income as bigint) end as income_difference,
    case when unread is null then cast(income_documents as bigint) end as income_documents,
    case when unread is null then cast(income_exchange as bigint) end as income_exchange,
    case when unread is null then cast(income_bank as bigint) end as income_bank,
    case when unread is null then cast(income_journals as bigint) end as income_journals,
    case
        when unread is null
            then cast(
                income - documents_income - income_documents - income_exchange - income_bank - income_journals as bigint
            )
    end as income_other,
    cast(documents_open as bigint) as documents_open,
    case when unread is null then cast(receivable as bigint) end as ledger_receivable,
    case when unread is null then cast(receivable - documents_open as bigint) end as receivable_difference,
    case when unread is null then cast(receivable_documents as bigint) end as receivable_documents,
    case when unread is null then cast(receivable_payments as bigint) end as receivable_payments,
    case when unread is null then cast(receivable_exchange as bigint) end as receivable_exchange,
    case when unread is null then cast(receivable_bank as bigint) end as receivable_bank,
    case when unread is null then cast(receivable_journals as bigint) end as receivable_journals,
    case
        when unread is null
            then cast(
                receivable - documents_open - receivable_documents - receivable_payments - receivable_exchange
                - receivable_bank - receivable_journals as bigint
            )
    end as receivable_other,
    case
        when unread is not null then unread
        when income = documents_income and receivable = documents_open then 'equal'
        when income_documents = 0 and receivable_documents = 0 then 'explained'
        else 'differs'
    end as state
from beside
