-- collected_day: what was collected of each credited amount at the end of each day on which something settled it.
-- grain: one day of one part of one document. Cumulated, rounded once (definition 4). `days` is how many such days it has.
with whole as (
    select
        item.item_key,
        item.part,
        item.journey_key,
        settled.date,
        mul_div(figure.value + figure.written_off, settled.settled_to, figure.gross) as collected_to
    from credit_item as item
    inner join document_figure as figure on figure.document_key = item.item_key
    inner join settled_day as settled on settled.document_key = item.item_key
    where item.bucket = 'credited' and item.parts = 1 and figure.gross <> 0
    union all
    select
        item.item_key,
        item.part,
        item.journey_key,
        figure.date,
        figure.value + figure.written_off as collected_to
    from credit_item as item
    inner join document_figure as figure on figure.document_key = item.item_key
    where item.bucket = 'credited' and item.parts = 1 and figure.gross = 0
),

cut as (
    select
        item.item_key,
        item.part,
        item.journey_key,
        step.effective_date as date,
        sum(step.collected) as collected
    from credit_item as item
    cross join param.run as run
    inner join document_part as part on part.document_key = item.item_key and part.part = item.part
    inner join credit_step as step
        on step.document_key = item.item_key
        and coalesce(step.credited_document_key, '') = coalesce(part.credited_document_key, '')
        and step.effective_date <= run.as_of
    where item.bucket = 'credited' and item.parts > 1
    group by item.item_key, item.part, item.journey_key, step.effective_date
),

dated as (
    select item_key, part, journey_key, date, collected_to
    from whole
    union all
    select
        item_key,
        part,
        journey_key,
        date,
        cast(
            sum(collected) over (
                partition by item_key, part order by date rows between unbounded preceding and current row
            ) as bigint
        ) as collected_to
    from cut
)

select *, count(*) over (partition by item_key, part) as days
from dated
