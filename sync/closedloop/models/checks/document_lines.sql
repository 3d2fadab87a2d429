-- document_lines: a posted document's lines sum to its net, and no line has an unknown class.
with summed as (
    select
        document_key,
        sum(net) as net,
        count(*) filter (where line_class not in ('revenue', 'pass_through', 'write_off')) as unknown
    from line
    group by document_key
)

select
    document_name(document.kind, document.number, document.document_key) as record,
    'its lines sum to ' || cast(coalesce(summed.net, 0) as varchar) || ', its net is ' || cast(document.net as varchar)
    || ' (smallest units of ' || document.currency || ')' as detail
from document_figure as document
left join summed on summed.document_key = document.document_key
where coalesce(summed.net, 0) <> document.net or coalesce(summed.unknown, 0) > 0
