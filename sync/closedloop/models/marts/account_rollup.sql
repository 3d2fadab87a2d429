-- account_rollup: what an account's ledger customers were invoiced and paid (definitions 3 to 5).
-- grain: one account with at least one document.
select
    account_key,
    cast(coalesce(sum(value), 0) as bigint) as invoiced,
    cast(coalesce(sum(collected), 0) as bigint) as collected,
    cast(coalesce(sum(written_off), 0) as bigint) as written_off,
    max(date) as last_document_date,
    count(*) filter (where state = 'not_convertible') as not_convertible
from document_figure
where account_key is not null
group by account_key
