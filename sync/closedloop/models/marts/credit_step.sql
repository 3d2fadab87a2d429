-- credit_step: how much of a credit note or refund each of its settlements takes back (definition 10 b).
-- grain: one settlement of one credit note that names no document. The difference of two cumulated, rounded amounts; its
-- part of `collected` is 0 while the settlement is not in effect. Without a credited document it is not allocated to any.
with sale as (
    select document_key
    from document_figure
    where sign > 0
),

unnamed as (
    select credit.*
    from document_figure as credit
    left join sale on sale.document_key = credit.credited_document_key
    where credit.sign < 0 and credit.state = 'counted' and credit.gross <> 0 and sale.document_key is null
),

step as (
    select
        unnamed.document_key,
        unnamed.value,
        unnamed.value + unnamed.written_off as whole,
        unnamed.gross,
        sale.document_key as credited_document_key,
        settlement.position,
        settlement.effective_date,
        sum(settlement.amount) over (
            partition by settlement.document_key order by settlement.position
            rows between unbounded preceding and current row
        ) as amount_to,
        sum(case when settlement.effective_date <= run.as_of then settlement.amount else 0 end) over (
            partition by settlement.document_key order by settlement.position
            rows between unbounded preceding and current row
        ) as collected_to
    from unnamed
    inner join settlement on settlement.document_key = unnamed.document_key
    cross join param.run as run
    left join sale on sale.document_key = settlement.other_document_key
),

cumulated as (
    select
        document_key,
        credited_document_key,
        position,
        effective_date,
        mul_div(value, amount_to, gross) as value_to,
        mul_div(whole, collected_to, gross) as collected_to
    from step
)

select
    document_key,
    credited_document_key,
    position,
    effective_date,
    value_to - coalesce(lag(value_to) over (partition by document_key order by position), 0) as value,
    collected_to - coalesce(lag(collected_to) over (partition by document_key order by position), 0) as collected
from cumulated
