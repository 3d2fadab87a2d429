-- ledger_balance: what is open after all settlements is what the ledger itself says is open, per posted document, and no
-- document is settled with more than it is for.
select
    document_name(kind, number, document_key) as record,
    case
        when balance is not null and gross - settled_ever <> balance
            then 'open ' || cast(gross - settled_ever as varchar) || ', the ledger says ' || cast(balance as varchar)
        else 'settled with ' || cast(settled_ever as varchar) || ', more than its ' || cast(gross as varchar)
    end || ' (smallest units of ' || currency || ')' as detail
from document_figure
where (balance is not null and gross - settled_ever <> balance) or settled_ever > greatest(gross, 0)
