-- totals: what all documents sum to, and where each part of it went (definition 13). Minor home units.
-- grain: one named amount. credited + no_deal + no_touch + unlinked + not_convertible = invoiced_all.
-- Documents without a usable rate are in no total: their amount is unknown, so `not_convertible` is 0 by definition.
with bucket as (
    select part_bucket.bucket, sum(part.value) as value
    from document_part as part
    inner join part_bucket on part_bucket.document_key = part.document_key and part_bucket.part = part.part
    group by part_bucket.bucket
),

named as (
    select 'invoiced_all' as name, sum(value) as value
    from document_figure
    union all
    select 'collected_all' as name, sum(collected) as value
    from document_figure
    union all
    select 'written_off' as name, sum(written_off) as value
    from document_figure
    union all
    select 'credited' as name, sum(value) as value
    from bucket
    where bucket = 'credited'
    union all
    select 'no_deal' as name, sum(value) as value
    from bucket
    where bucket = 'no_deal'
    union all
    select 'no_touch' as name, sum(value) as value
    from bucket
    where bucket = 'no_touch'
    union all
    select 'unlinked' as name, sum(value) as value
    from bucket
    where bucket = 'unlinked'
    union all
    select 'not_convertible' as name, 0 as value
)

select name, cast(coalesce(value, 0) as bigint) as value
from named
