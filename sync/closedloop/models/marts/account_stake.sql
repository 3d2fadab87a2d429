-- account_stake: the money that a broken link of an account puts at risk. Minor home units.
-- grain: one account with any. The largest of: open opportunities, won and not invoiced, overdue. These overlap; `part`
-- names the largest, the first of equal ones. `yearly` is what the account is invoiced in an average year since its first
-- positive document, at least one year: at stake only where the next purchase is late.
with open_deal as (
    select account_key, sum(amount) as amount
    from opportunity_money
    where not is_closed and account_key is not null
    group by account_key
),

not_invoiced as (
    select account_key, sum(missing) as amount
    from won_deal
    group by account_key
),

overdue as (
    select document.account_key, sum(document.open) as amount
    from document_figure as document
    cross join param.run as run
    where
        document.account_key is not null
        and document.kind = 'invoice'
        and document.due_date < run.as_of
        and document.document_open > 0
    group by document.account_key
),

bought as (
    select figure.account_key, sum(figure.value) as amount, max(first.first_document_date) as first_date
    from document_figure as figure
    inner join account_first_document as first on first.account_key = figure.account_key
    group by figure.account_key
),

yearly as (
    select
        bought.account_key,
        mul_div(bought.amount, 365, greatest(run.as_of - bought.first_date, 365)) as amount
    from bought
    cross join param.run as run
),

named as (
    select account_key, amount, 'open' as part
    from open_deal
    union all
    select account_key, amount, 'not_invoiced' as part
    from not_invoiced
    union all
    select account_key, amount, 'overdue' as part
    from overdue
    union all
    select account_key, amount, 'yearly' as part
    from yearly
),

summed as (
    select
        account_key,
        cast(greatest(coalesce(max(amount) filter (where part = 'open'), 0), 0) as bigint) as open_amount,
        cast(greatest(coalesce(max(amount) filter (where part = 'not_invoiced'), 0), 0) as bigint) as not_invoiced,
        cast(greatest(coalesce(max(amount) filter (where part = 'overdue'), 0), 0) as bigint) as overdue,
        cast(greatest(coalesce(max(amount) filter (where part = 'yearly'), 0), 0) as bigint) as yearly
    from named
    group by account_key
)

select
    account_key,
    open_amount,
    not_invoiced,
    overdue,
    yearly,
    greatest(open_amount, not_invoiced, overdue) as at_stake,
    case
        when open_amount >= not_invoiced and open_amount >= overdue then 'open'
        when not_invoiced >= overdue then 'not_invoiced'
        else 'overdue'
    end as part
from summed
