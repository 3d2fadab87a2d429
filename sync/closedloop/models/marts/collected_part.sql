-- collected_part: on which days the collected part of each part of a document changed, and to what (definition 4).
-- grain: one day of one part of one counted document. `collected` is what that day added, `collected_to` all up to it:
-- both follow from rounding the cumulated amount, so the days sum to the part's collected amount. Home minor units.
-- A settlement of a credit note belongs to the part that takes back the document it joins, else to the rest. What was
-- settled on one day was collected whole on that day: most documents are, and need no cumulated amounts.
with settled_on as (
    select
        settlement.document_key,
        min(settlement.effective_date) as first_day,
        max(settlement.effective_date) as last_day
    from settlement
    cross join param.run as run
    where settlement.effective_date <= run.as_of
    group by settlement.document_key
),

settled as (
    select
        settlement.document_key,
        settlement.position,
        settlement.other_document_key,
        settlement.effective_date,
        sum(settlement.amount) over (
            partition by settlement.document_key order by settlement.position
            rows between unbounded preceding and current row
        ) as amount_to
    from settlement
    cross join param.run as run
    inner join settled_on on settled_on.document_key = settlement.document_key
    where settlement.effective_date <= run.as_of and settled_on.first_day < settled_on.last_day
),

cumulated as (
    select
        settled.*,
        mul_div(figure.value + figure.written_off, settled.amount_to, figure.gross) as collected_to
    from settled
    inner join document_figure as figure on figure.document_key = settled.document_key
    where figure.state = 'counted' and figure.gross <> 0
),

share as (
    select
        document_key,
        other_document_key,
        effective_date,
        collected_to - coalesce(
            lag(collected_to) over (partition by document_key order by position), 0
        ) as collected
    from cumulated
),

part_count as (
    select
        part.document_key,
        count(*) as parts,
        min(case when part.credited_document_key is null then part.part end) as rest_part
    from document_part as part
    inner join settled_on on settled_on.document_key = part.document_key and settled_on.first_day < settled_on.last_day
    group by part.document_key
),

placed as (
    select
        share.document_key,
        case when part_count.parts = 1 then 1 else coalesce(part.part, part_count.rest_part, 1) end as part,
        share.effective_date as day,
        share.collected
    from share
    inner join part_count on part_count.document_key = share.document_key
    left join document_part as part
        on part.document_key = share.document_key and part.credited_document_key = share.other_document_key
),

daily as (
    select document_key, part, day, cast(sum(collected) as bigint) as collected
    from placed
    group by document_key, part, day
    having sum(collected) <> 0
)

select
    part.document_key,
    part.part,
    case when figure.gross = 0 then part.date else settled_on.first_day end as day,
    part.collected,
    part.collected as collected_to,
    true as is_last,
    true as is_only
from document_part as part
inner join document_figure as figure on figure.document_key = part.document_key
left join settled_on on settled_on.document_key = part.document_key
where part.collected <> 0 and (figure.gross = 0 or settled_on.first_day = settled_on.last_day)
union all
select
    document_key,
    part,
    day,
    collected,
    cast(
        sum(collected) over (
            partition by document_key, part order by day rows between unbounded preceding and current row
        ) as bigint
    ) as collected_to,
    row_number() over (partition by document_key, part order by day desc) = 1 as is_last,
    false as is_only
from daily
