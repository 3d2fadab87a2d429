-- parts_of_document: the parts of a document sum to it, and each part goes somewhere.
with summed as (
    select
        part.document_key,
        sum(part.value) as value,
        sum(part.collected) as collected,
        count(*) as parts,
        count(bucket.bucket) as placed
    from document_part as part
    left join part_bucket as bucket on bucket.document_key = part.document_key and bucket.part = part.part
    group by part.document_key
)

select document_name(figure.kind, figure.number, figure.document_key) as record, 'its parts do not sum to it' as detail
from document_figure as figure
left join summed on summed.document_key = figure.document_key
where
    figure.state = 'counted'
    and (
        summed.document_key is null
        or summed.value <> figure.value
        or summed.collected <> figure.collected
        or summed.parts <> summed.placed
    )
