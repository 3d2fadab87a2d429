-- payment_unallocated: money received that settles no document yet; money returned for none counts against it (definition 4).
-- grain: one payment dated on or before the as-of day of which something is left. Minor home units, by the declared table on
-- the payment's day; empty where no rate is usable. Apart from all that was invoiced or collected.
with used as (
    -- Not by `settlement`: a sales receipt settles itself, but the payment that came with it is used all the same.
    select
        allocation.payment_key,
        sum(allocation.amount) as amount,
        min(figure.currency) as currency,
        max(figure.currency) as last_currency
    from allocation
    inner join document_figure as figure on figure.document_key = allocation.document_key
    cross join param.run as run
    where
        allocation.payment_key is not null
        and greatest(coalesce(allocation.date, figure.date), figure.date) <= run.as_of
    group by allocation.payment_key
),

rest as (
    select
        payment.key,
        payment.customer_key,
        payment.url,
        payment.date,
        payment.currency,
        case payment.direction when 'out' then -1 else 1 end as sign,
        cast(payment.amount - coalesce(used.amount, 0) as bigint) as amount
    from payment
    cross join param.run as run
    left join used on used.payment_key = payment.key
    where
        payment.status = 'posted'
        and payment.date <= run.as_of
        and payment.amount > coalesce(used.amount, 0)
        and (used.payment_key is null or (used.currency = payment.currency and used.last_currency = payment.currency))
)

select
    rest.key as payment_key,
    rest.customer_key,
    coalesce(family.rolled_key, link.account_key) as account_key,
    rest.url,
    rest.date,
    rest.sign * case
        when rest.currency = run.home_currency then rest.amount
        else mul_div(rest.amount, rate_on.numerator, rate_on.denominator)
    end as amount
from rest
cross join param.run as run
left join rate_on on rate_on.currency = rest.currency and rate_on.date = rest.date
left join link_customer_account as link on link.customer_key = rest.customer_key
left join account_family as family on family.account_key = link.account_key
