-- document_money: what each document that counts is worth in the company's home currency (definitions 1 and 2).
-- grain: one posted document dated on or before the as-of day. Amounts without a sign; nothing where no rate is usable.
-- The ledger's own home amount is taken where it states one: of the document when all its lines are revenue, else of
-- the lines; otherwise its rate converts the revenue net once and the gross once. If the ledger's home is not the
-- company's, the rounded amount is converted by the declared table.
-- view: document_figure reads it once; to keep the wide rows twice would only cost time and space.
with line_sum as (
    select
        document_key,
        sum(net) as net,
        sum(net) filter (where line_class = 'revenue') as revenue,
        sum(net) filter (where line_class = 'write_off') as write_off,
        sum(home_net) filter (where line_class = 'revenue') as home_revenue,
        sum(home_net) filter (where line_class = 'write_off') as home_write_off,
        count(*) filter (where line_class = 'revenue' and home_net is null) as unstated_revenue,
        count(*) filter (where line_class = 'write_off' and home_net is null) as unstated_write_off
    from line
    group by document_key
),

counted as (
    select
        document.*,
        cast(coalesce(line_sum.revenue, 0) as bigint) as revenue,
        cast(coalesce(line_sum.write_off, 0) as bigint) as write_off,
        case when line_sum.unstated_revenue = 0 then cast(line_sum.home_revenue as bigint) end as home_revenue,
        case when line_sum.unstated_write_off = 0 then cast(line_sum.home_write_off as bigint) end as home_write_off,
        case
            when document.currency <> document.home_currency
                then rate_up(document.rate, document.rate_direction) * document.home_scale
        end as numerator,
        case
            when document.currency <> document.home_currency
                then rate_down(document.rate, document.rate_direction) * document.scale
        end as denominator
    from document
    cross join param.run as run
    left join line_sum on line_sum.document_key = document.key
    where document.status = 'posted' and document.date <= run.as_of
),

in_ledger_home as (
    select
        *,
        case
            when currency = home_currency then revenue
            when revenue = net and home_net is not null then home_net
            when revenue = 0 then 0
            when home_revenue is not null then home_revenue
            else mul_div(revenue, numerator, denominator)
        end as ledger_revenue,
        case
            when write_off = 0 then 0
            when currency = home_currency then write_off
            when home_write_off is not null then home_write_off
            else mul_div(write_off, numerator, denominator)
        end as ledger_write_off,
        case
            when currency = home_currency then gross
            when home_gross is not null then home_gross
            else mul_div(gross, numerator, denominator)
        end as ledger_gross,
        case
            when currency = home_currency then net
            when home_net is not null then home_net
            else mul_div(net, numerator, denominator)
        end as ledger_net
    from counted
)

select
    ledger.key as document_key,
    ledger.source,
    ledger.url,
    ledger.kind,
    ledger.sign,
    ledger.number,
    ledger.customer_key,
    ledger.date,
    ledger.due_date,
    ledger.currency,
    ledger.home_currency as ledger_currency,
    ledger.net,
    ledger.tax,
    ledger.gross,
    ledger.revenue,
    ledger.write_off,
    ledger.balance,
    ledger.reference,
    ledger.po,
    ledger.opportunity_ref,
    ledger.credited_document_key,
    ledger.repeating_key,
    case
        when ledger.home_currency = run.home_currency then ledger.ledger_revenue
        else mul_div(ledger.ledger_revenue, rate_on.numerator, rate_on.denominator)
    end as home_revenue,
    case
        when ledger.home_currency = run.home_currency then ledger.ledger_write_off
        else mul_div(ledger.ledger_write_off, rate_on.numerator, rate_on.denominator)
    end as home_write_off,
    case
        when ledger.home_currency = run.home_currency then ledger.ledger_gross
        else mul_div(ledger.ledger_gross, rate_on.numerator, rate_on.denominator)
    end as home_gross,
    case
        when ledger.home_currency = run.home_currency then ledger.ledger_net
        else mul_div(ledger.ledger_net, rate_on.numerator, rate_on.denominator)
    end as home_net
from in_ledger_home as ledger
cross join param.run as run
left join rate_on on rate_on.currency = ledger.home_currency and rate_on.date = ledger.date
