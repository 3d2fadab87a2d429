-- line: lines of documents; positive amounts add to the document's magnitude. Minor units.
-- grain: one line of a document that is not deleted.
select
    line.key,
    line.document_key,
    line.position,
    line.description,
    coalesce(line.line_class, 'revenue') as line_class,
    to_minor(line.net, document.scale) as net,
    to_minor(line.home_net, document.home_scale) as home_net
from staging.line as line
inner join document on document.key = line.document_key
where line.deleted_at is null
