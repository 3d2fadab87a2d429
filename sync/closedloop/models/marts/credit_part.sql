-- credit_part: how much of a credit note or refund takes back which document (definition 10 b).
-- grain: one credited document of one credit note; a part without one is what is not allocated to any.
-- A named document takes the whole. Else each settlement's part is the difference of two cumulated, rounded amounts.
with credit as (
    select *
    from document_figure
    where sign < 0 and state = 'counted'
),

sale as (
    select document_key
    from document_figure
    where sign > 0
),

named as (
    select credit.*
    from credit
    inner join sale on sale.document_key = credit.credited_document_key
),

unnamed as (
    select credit.*
    from credit
    left join sale on sale.document_key = credit.credited_document_key
    where sale.document_key is null
),

step as (
    select
        unnamed.document_key,
        unnamed.value,
        unnamed.value + unnamed.written_off as whole,
        unnamed.gross,
        sale.document_key as credited_document_key,
        settlement.position,
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
    where unnamed.gross <> 0
),

cumulated as (
    select
        document_key,
        credited_document_key,
        position,
        mul_div(value, amount_to, gross) as value_to,
        mul_div(whole, collected_to, gross) as collected_to
    from step
),

share as (
    select
        document_key,
        credited_document_key,
        value_to - coalesce(lag(value_to) over (partition by document_key order by position), 0) as value,
        collected_to - coalesce(lag(collected_to) over (partition by document_key order by position), 0) as collected
    from cumulated
),

allocated as (
    select
        document_key,
        credited_document_key,
        cast(sum(value) as bigint) as value,
        cast(sum(collected) as bigint) as collected
    from share
    where credited_document_key is not null
    group by document_key, credited_document_key
),

allocated_sum as (
    select document_key, cast(sum(value) as bigint) as value, cast(sum(collected) as bigint) as collected
    from allocated
    group by document_key
)

select document_key, credited_document_key, value, collected
from named
union all
select document_key, credited_document_key, value, collected
from allocated
union all
select
    unnamed.document_key,
    cast(null as varchar) as credited_document_key,
    unnamed.value - coalesce(allocated_sum.value, 0) as value,
    unnamed.collected - coalesce(allocated_sum.collected, 0) as collected
from unnamed
left join allocated_sum on allocated_sum.document_key = unnamed.document_key
where
    allocated_sum.document_key is null
    or unnamed.value <> allocated_sum.value
    or unnamed.collected <> allocated_sum.collected
