-- document_left_out: documents that are in no figure because their worth in the home currency is not known, and why.
-- grain: one posted document dated on or before the as-of day that is not convertible.
select
    figure.document_key,
    figure.kind,
    figure.number,
    figure.date,
    figure.currency,
    figure.net,
    figure.url,
    case
        when known.currency is null then 'currency ' || figure.currency || ' is not known'
        when figure.currency <> document.home_currency and coalesce(document.rate, 0) <= 0
            then 'the ledger states no rate for ' || figure.currency
        when figure.currency <> document.home_currency and coalesce(document.rate_direction, '') not in ('multiply', 'divide')
            then 'which way the rate for ' || figure.currency || ' counts is not known (multiply or divide)'
        else 'no declared rate for ' || document.home_currency || ' within a week before it'
    end as reason
from document_figure as figure
inner join document on document.key = figure.document_key
left join param.currency as known on known.currency = figure.currency
where figure.state = 'not_convertible'
