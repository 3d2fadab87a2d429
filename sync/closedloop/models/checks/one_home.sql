-- one_home: unlike currencies are never summed: what was in the home currency is worth itself, and no rate touched it.
select
    document_name(money.kind, money.number, money.document_key) as record,
    'is in ' || money.currency || ' and was converted all the same' as detail
from document_figure as money
cross join param.run as run
where
    money.currency = run.home_currency
    and money.ledger_currency = run.home_currency
    and money.home_revenue <> money.revenue
