-- documents_without_rate: most documents can be converted. One without a rate is left out of every figure and listed with
-- its number; more than a tenth of all would make the figures say something else.
with share as (
    select count(*) filter (where state = 'not_convertible') as missing, count(*) as documents
    from document_figure
)

select document_name(left_out.kind, left_out.number, left_out.document_key) as record, left_out.reason as detail
from document_left_out as left_out
cross join share
where share.missing * 10 > share.documents
