-- tie_out: the documents of each ledger month by month, beside the ledger's own income and receivable accounts, with what
-- makes them differ named.
-- grain: one ledger and one month (its first day) in which something was booked, up to the as-of day. Minor home units.
-- Income is of the month; receivables stand at the month's end. `ledger_` columns are empty where the ledger's own figures
-- are not read, or are in another home currency: `state` says so. Each difference is the sum of its parts:
-- `_documents` documents that the ledger books in another month or on other accounts, or that have no rate;
-- `_payments` payments that settle no document, and what they brought at another rate; `_exchange` exchange differences;
-- `_bank` sales booked from the bank; `_journals` journal entries; `_other` the rest. `state`: not_read, other_currency,
-- running (the month is not over), equal, explained (the documents agree, the rest is named), differs (the documents
-- themselves do not agree).
-- A ledger that tells only the totals of whole months (origin `total`) names its journals and bank entries beside; what
-- settles no document is ours to say (`payment`: what of it the ledger keeps off receivables), and the rest is what it
-- booked for documents. Of that rest exchange explains: in
-- income one minor unit a converted line, which the ledger rounds by itself; in receivables up to a quarter of what is
-- open in foreign currencies, which it may value anew.
with by_total as (
    select distinct total.source
    from ledger_total as total
    where total.origin = 'total'
),

counted as (
    select
        document.document_key,
        document.source,
        document.kind,
        document.sign,
        document.date,
        document.value,
        document.gross,
        document.home_gross,
        document.currency <> run.home_currency as is_foreign
    from document_figure as document
    cross join param.run as run
    where document.state = 'counted'
),

converted as (
    select
        counted.source,
        month_of(counted.date) as month,
        count(*) as lines
    from counted
    inner join by_total on by_total.source = counted.source
    inner join line on line.document_key = counted.document_key
    where counted.is_foreign
    group by counted.source, month_of(counted.date)
),

-- What settles a document and is neither money nor another document: a journal entry, a deposit.
of_entries as (
    select
        counted.source,
        greatest(coalesce(allocation.date, counted.date), counted.date) as date,
        sum(counted.sign * mul_div(counted.home_gross, allocation.amount, counted.gross)) as amount
    from allocation
    inner join counted on counted.document_key = allocation.document_key and counted.gross <> 0
    inner join by_total on by_total.source = counted.source
    where allocation.payment_key is null and allocation.other_document_key is null
    group by counted.source, greatest(coalesce(allocation.date, counted.date), counted.date)
),

of_settled as (
    select
        of_entries.source,
        month_of(of_entries.date) as month,
        sum(of_entries.amount) as amount
    from of_entries
    cross join param.run as run
    where of_entries.date <= run.as_of
    group by of_entries.source, month_of(of_entries.date)
),

-- What each day did to what is open: the document's own, then those on which something settled it.
moved as (
    select
        source,
        date,
        true as is_billed,
        sign * home_gross as amount,
        is_foreign
    from counted
    union all
    select
        counted.source,
        day.date,
        false as is_billed,
        counted.sign * (
            mul_div(counted.home_gross, counted.gross - day.settled_to, counted.gross)
            - mul_div(counted.home_gross, counted.gross - day.settled_to + day.amount, counted.gross)
        ) as amount,
        counted.is_foreign
    from counted
    inner join settled_day as day on day.document_key = counted.document_key
    where counted.gross <> 0
),

of_documents as (
    select
        source,
        month_of(date) as month,
        sum(value) as income,
        sum(value) filter (where kind = 'invoice') as invoices,
        sum(value) filter (where kind = 'sales_receipt') as sales_receipts,
        sum(value) filter (where kind = 'credit_note') as credit_notes,
        sum(value) filter (where kind = 'refund') as refunds
    from counted
    group by source, month_of(date)
),

of_open as (
    select
        source,
        month_of(date) as month,
        sum(amount) as open,
        sum(amount) filter (where is_billed) as billed,
        sum(amount) filter (where is_foreign) as foreign_open
    from moved
    group by source, month_of(date)
),

of_ledger as (
    select
        total.source,
        month_of(total.date) as month,
        min(total.home_currency) as home_currency,
        sum(total.amount) filter (where total.side = 'income' and total.origin <> 'total') as income,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'total') as income_total,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'document') as income_documents,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'exchange') as income_exchange,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'bank') as income_bank,
        sum(total.amount) filter (where total.side = 'income' and total.origin = 'journal') as income_journals,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin <> 'total') as receivable,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'total') as receivable_total,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'document') as receivable_documents,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'payment') as receivable_payments,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'exchange') as receivable_exchange,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'bank') as receivable_bank,
        sum(total.amount) filter (where total.side = 'receivable' and total.origin = 'journal') as receivable_journals
    from ledger_total as total
    cross join param.run as run
    where total.date <= run.as_of
    group by total.source, month_of(total.date)
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
    union
    select payment_left.source, payment_left.month
    from payment_left
    union
    select source, month
    from of_settled
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
        by_total.source is not null as is_by_total,
        case
            when currency_of.source is null then 'not_read'
            when currency_of.home_currency <> run.home_currency then 'other_currency'
            when by_total.source is null or of_ledger.income_total is not null then null
            when every_month.month = month_of(run.as_of) then 'running'
            else 'not_read'
        end as unread,
        coalesce(of_documents.income, 0) as documents_income,
        coalesce(of_documents.invoices, 0) as invoices,
        coalesce(of_documents.sales_receipts, 0) as sales_receipts,
        coalesce(of_documents.credit_notes, 0) as credit_notes,
        coalesce(of_documents.refunds, 0) as refunds,
        coalesce(case when by_total.source is null then of_ledger.income else of_ledger.income_total end, 0) as income,
        coalesce(of_ledger.income_documents, 0) - coalesce(of_documents.income, 0) as income_documents,
        coalesce(of_ledger.income_exchange, 0) as income_exchange,
        coalesce(of_ledger.income_bank, 0) as income_bank,
        coalesce(of_ledger.income_journals, 0) as income_journals,
        coalesce(converted.lines, 0) as converted_lines,
        sum(coalesce(of_open.open, 0)) over until as documents_open,
        sum(coalesce(of_open.foreign_open, 0) - coalesce(payment_left.foreign_amount, 0)) over until as foreign_open,
        sum(coalesce(case when by_total.source is null then of_ledger.receivable else of_ledger.receivable_total end, 0))
            over until as receivable,
        sum(coalesce(of_ledger.receivable_documents, 0) - coalesce(of_open.billed, 0)) over until as receivable_documents,
        sum(
            case
                when by_total.source is null
                    then coalesce(of_ledger.receivable_payments, 0) - coalesce(of_open.open, 0) + coalesce(of_open.billed, 0)
                else coalesce(of_settled.amount, 0) - coalesce(payment_left.amount, 0) + coalesce(of_ledger.receivable_payments, 0)
            end
        ) over until as receivable_payments,
        sum(coalesce(of_ledger.receivable_exchange, 0)) over until as receivable_exchange,
        sum(coalesce(of_ledger.receivable_bank, 0)) over until as receivable_bank,
        sum(coalesce(of_ledger.receivable_journals, 0)) over until as receivable_journals
    from every_month
    cross join param.run as run
    left join by_total on by_total.source = every_month.source
    left join of_documents on of_documents.source = every_month.source and of_documents.month = every_month.month
    left join of_open on of_open.source = every_month.source and of_open.month = every_month.month
    left join of_ledger on of_ledger.source = every_month.source and of_ledger.month = every_month.month
    left join of_settled on of_settled.source = every_month.source and of_settled.month = every_month.month
    left join payment_left on payment_left.source = every_month.source and payment_left.month = every_month.month
    left join converted on converted.source = every_month.source and converted.month = every_month.month
    left join currency_of on currency_of.source = every_month.source
    window until as (
        partition by every_month.source order by every_month.month rows between unbounded preceding and current row
    )
),

rest as (
    select
        *,
        income - documents_income - income_exchange - income_bank - income_journals as income_rest,
        receivable - documents_open - receivable_payments - receivable_exchange - receivable_bank - receivable_journals
            as receivable_rest
    from beside
),

named as (
    select
        rest.*,
        case when is_by_total and abs(income_rest) <= converted_lines then income_rest else 0 end as income_rounding,
        case when is_by_total and 4 * abs(receivable_rest) <= abs(foreign_open) then receivable_rest else 0 end
            as receivable_revaluation
    from rest
),

parted as (
    select
        source,
        month,
        unread,
        documents_income,
        invoices,
        sales_receipts,
        credit_notes,
        refunds,
        income,
        case when is_by_total then income_rest - income_rounding else income_documents end as income_documents,
        income_exchange + income_rounding as income_exchange,
        income_bank,
        income_journals,
        documents_open,
        receivable,
        case when is_by_total then receivable_rest - receivable_revaluation else receivable_documents end
            as receivable_documents,
        receivable_payments,
        receivable_exchange + receivable_revaluation as receivable_exchange,
        receivable_bank,
        receivable_journals
    from named
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
from parted
