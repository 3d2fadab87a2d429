-- credit_part: how much of a credit note or refund takes back which document (definition 10 b).
-- grain: one credited document of one credit note; a part without one is what is not allocated to any.
-- A named document takes the whole; else it is cut by its settlements.
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

allocated as (
    select
        document_key,
        credited_document_key,
        cast(sum(value) as bigint) as value,
        cast(sum(collected) as bigint) as collected
    from credit_step
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
