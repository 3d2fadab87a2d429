-- document_tax: net plus tax is gross, per posted document.
select
    document_name(kind, number, document_key) as record,
    'net ' || cast(net as varchar) || ' and tax ' || cast(tax as varchar) || ' do not sum to gross ' || cast(gross as varchar) as detail
from document_figure
where net + coalesce(tax, 0) <> gross
