-- ledger_balance: what is open after all settlements is what the ledger itself says is open, per posted document.
select
    document_key as record,
    'open ' || cast(gross - settled_ever as varchar) || ', the ledger says ' || cast(balance as varchar) as detail
from document_figure
where balance is not null and gross - settled_ever <> balance
