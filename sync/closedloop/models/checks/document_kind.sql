-- document_kind: only known kinds and states, no negative magnitude: a wrong word would flip a sign or drop a document.
select
    document_name(kind, number, key) as record,
    case
        when date is null then 'has no date'
        when net is null or gross is null then 'has no amount'
        when gross < 0 then 'has the negative amount ' || cast(gross as varchar)
        else 'kind ' || coalesce(kind, 'none') || ', status ' || coalesce(status, 'none')
    end as detail
from document
where
    coalesce(kind, '') not in ('invoice', 'sales_receipt', 'credit_note', 'refund')
    or coalesce(status, '') not in ('draft', 'posted', 'void')
    or (status = 'posted' and (gross < 0 or net is null or gross is null or date is null))
