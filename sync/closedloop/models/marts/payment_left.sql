-- payment_left: how the money that settles no document moved, month by month: what tie_out names of a ledger that tells
-- its totals only.
-- grain: one ledger of that kind and one month, up to the as-of day. Minor home units, by the declared table on the day of
-- the payment, else as the ledger's document before it in that currency was converted (else the one after it); money
-- returned for none counts against it. `foreign_amount`: the part in other currencies.
with by_total as (
    select distinct total.source
    from ledger_total as total
    where total.origin = 'total'
),

paid as (
    select
        payment.key,
        payment.source,
        payment.currency,
        payment.date as paid_on,
        payment.amount,
        case payment.direction when 'out' then -1 else 1 end as sign
    from payment
    inner join by_total on by_total.source = payment.source
    cross join param.run as run
    where payment.status = 'posted' and payment.date <= run.as_of
),

changed as (
    select paid.key, paid.paid_on as date, paid.amount
    from paid
    union all
    select
        paid.key,
        greatest(coalesce(allocation.date, figure.date), figure.date, paid.paid_on) as date,
        -allocation.amount as amount
    from paid
    inner join allocation on allocation.payment_key = paid.key
    inner join document_figure as figure
        on figure.document_key = allocation.document_key and figure.currency = paid.currency
),

daily as (
    select changed.key, changed.date, sum(changed.amount) as amount
    from changed
    cross join param.run as run
    where changed.date <= run.as_of
    group by changed.key, changed.date
),

left_to as (
    select
        key,
        date,
        sum(amount) over (partition by key order by date rows between unbounded preceding and current row) as amount
    from daily
),

-- Money that was left at the end of some day, without a declared rate: few, so each may look at the documents.
unrated as (
    select distinct paid.key, paid.source, paid.currency, paid.paid_on
    from left_to
    inner join paid on paid.key = left_to.key
    cross join param.run as run
    left join rate_on on rate_on.currency = paid.currency and rate_on.date = paid.paid_on
    where left_to.amount <> 0 and paid.currency <> run.home_currency and rate_on.numerator is null
),

converted as (
    select unrated.key, figure.home_gross, figure.gross
    from unrated
    inner join document_figure as figure
        on
            figure.source = unrated.source
            and figure.currency = unrated.currency
            and figure.gross <> 0
            and figure.state = 'counted'
    qualify row_number() over (
        partition by unrated.key
        order by
            case when figure.date <= unrated.paid_on then 0 else 1 end,
            case when figure.date <= unrated.paid_on then figure.date end desc nulls last,
            figure.date,
            figure.document_key
    ) = 1
),

in_home as (
    select
        paid.key,
        paid.source,
        left_to.date,
        paid.currency <> run.home_currency as is_foreign,
        paid.sign * case
            when paid.currency = run.home_currency then left_to.amount
            when rate_on.numerator is not null then mul_div(left_to.amount, rate_on.numerator, rate_on.denominator)
            else coalesce(mul_div(left_to.amount, converted.home_gross, converted.gross), 0)
        end as amount
    from left_to
    inner join paid on paid.key = left_to.key
    cross join param.run as run
    left join rate_on on rate_on.currency = paid.currency and rate_on.date = paid.paid_on
    left join converted on converted.key = paid.key
),

moved as (
    select
        source,
        date,
        is_foreign,
        amount - lag(amount, 1, 0) over (partition by key order by date) as amount
    from in_home
)

select
    source,
    month_of(date) as month,
    cast(sum(amount) as bigint) as amount,
    cast(coalesce(sum(amount) filter (where is_foreign), 0) as bigint) as foreign_amount
from moved
group by source, month_of(date)
