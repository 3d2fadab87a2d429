-- document: ledger documents with positive magnitudes in minor units; `sign` says which way they count.
-- grain: one document that is not deleted, drafts and void ones too. Home amounts are in the ledger's own home currency.
-- A currency that we do not know has no rate: how many digits it has would be a guess.
select
    document.key,
    document.source,
    document.object,
    document.source_id,
    document.url,
    document.kind,
    case when document.kind in ('invoice', 'sales_receipt') then 1 else -1 end as sign,
    coalesce(blank_to_null(document.number), document.source_id) as number,
    coalesce(survivor.survivor_key, document.customer_key) as customer_key,
    document.date,
    document.due_date,
    coalesce(document.currency, run.home_currency) as currency,
    coalesce(document.home_currency, run.home_currency) as home_currency,
    coalesce(currency.scale, 100) as scale,
    coalesce(home.scale, 100) as home_scale,
    to_minor(document.net, coalesce(currency.scale, 100)) as net,
    to_minor(document.tax, coalesce(currency.scale, 100)) as tax,
    to_minor(document.gross, coalesce(currency.scale, 100)) as gross,
    to_minor(document.home_net, coalesce(home.scale, 100)) as home_net,
    to_minor(document.home_gross, coalesce(home.scale, 100)) as home_gross,
    case when currency.currency is not null then document.rate end as rate,
    document.rate_direction,
    to_minor(document.balance, coalesce(currency.scale, 100)) as balance,
    document.status,
    blank_to_null(document.reference) as reference,
    blank_to_null(document.po) as po,
    blank_to_null(document.opportunity_ref) as opportunity_ref,
    document.credited_document_key,
    document.repeating_key
from staging.document as document
cross join param.run as run
left join param.currency as currency on currency.currency = coalesce(document.currency, run.home_currency)
left join param.currency as home on home.currency = coalesce(document.home_currency, run.home_currency)
left join survivor on survivor.entity = 'customer' and survivor.key = document.customer_key
where document.deleted_at is null
