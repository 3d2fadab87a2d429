-- document_kind: only known kinds and states, no negative magnitude: a wrong word would flip a sign or drop a document.
select key as record, 'kind ' || coalesce(kind, 'none') || ', status ' || coalesce(status, 'none') as detail
from document
where
    coalesce(kind, '') not in ('invoice', 'sales_receipt', 'credit_note', 'refund')
    or coalesce(status, '') not in ('draft', 'posted', 'void')
    or (status = 'posted' and (gross < 0 or net is null or gross is null or date is null))
