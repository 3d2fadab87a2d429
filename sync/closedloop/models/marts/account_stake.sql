-- account_stake: the money that a broken link of an account puts at risk. Minor home units.
-- grain: one account with any. The largest of: open opportunities, won and not invoiced, overdue. These overlap.
with open_deal as (
    select account_key, sum(amount) as amount
    from opportunity_money
    where not is_closed and account_key is not null
    group by account_key
),

not_invoiced as (
    select account_key, sum(greatest(amount - invoiced, 0)) as amount
    from won_deal
    where reason is not null
    group by account_key
),

overdue as (
    select document.account_key, sum(document.open) as amount
    from document_value as document
    cross join param.run as run
    where
        document.account_key is not null
        and document.kind = 'invoice'
        and document.due_date < run.as_of
        and document.document_open > 0
    group by document.account_key
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
)

select
    account_key,
    cast(coalesce(max(amount) filter (where part = 'open'), 0) as bigint) as open_amount,
    cast(coalesce(max(amount) filter (where part = 'not_invoiced'), 0) as bigint) as not_invoiced,
    cast(coalesce(max(amount) filter (where part = 'overdue'), 0) as bigint) as overdue,
    cast(greatest(coalesce(max(amount), 0), 0) as bigint) as at_stake
from named
group by account_key
