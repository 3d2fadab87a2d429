-- document_figure: value and collected part of each document, with its account (definitions 2 to 5).
-- grain: one posted document dated on or before the as-of day. `value` carries the sign.
-- Write-off lines count nothing in value and their net, as far as the document is settled, in collected.
with settled as (
    select
        settlement.document_key,
        cast(sum(settlement.amount) filter (where settlement.effective_date <= run.as_of) as bigint) as settled,
        cast(sum(settlement.amount) as bigint) as settled_ever
    from settlement
    cross join param.run as run
    group by settlement.document_key
),

valued as (
    select
        document.*,
        document.sign * document.home_revenue as value,
        document.sign * document.home_write_off as written_off,
        coalesce(settled.settled, 0) as settled,
        coalesce(settled.settled_ever, 0) as settled_ever,
        case
            when document.home_revenue is null or document.home_write_off is null then 'not_convertible'
            else 'counted'
        end as state
    from document_money as document
    left join settled on settled.document_key = document.document_key
)

select
    valued.document_key,
    valued.source,
    valued.url,
    valued.kind,
    valued.sign,
    valued.number,
    valued.customer_key,
    coalesce(family.rolled_key, link.account_key) as account_key,
    valued.date,
    valued.due_date,
    valued.currency,
    valued.ledger_currency,
    valued.net,
    valued.tax,
    valued.gross,
    valued.revenue,
    valued.home_revenue,
    valued.home_net,
    valued.home_gross,
    valued.balance,
    valued.settled,
    valued.settled_ever,
    valued.gross - valued.settled as document_open,
    case
        when valued.state = 'counted' then mul_div(valued.home_gross, valued.gross - valued.settled, valued.gross)
    end as open,
    valued.state,
    case when valued.state = 'counted' then valued.value end as value,
    case when valued.state = 'counted' then valued.written_off end as written_off,
    case
        when valued.state <> 'counted' then null
        when valued.gross = 0 then valued.value + valued.written_off
        else mul_div(valued.value + valued.written_off, valued.settled, valued.gross)
    end as collected,
    valued.reference,
    valued.po,
    valued.opportunity_ref,
    valued.credited_document_key,
    valued.repeating_key
from valued
left join link_customer_account as link on link.customer_key = valued.customer_key
left join account_family as family on family.account_key = link.account_key
