-- ledger_total: prepayments, which Xero keeps off receivables until they are allocated, for the monthly tie-out.
-- grain: one prepayment of a customer when it comes, and each of its allocations. inputs: prepayments, organisation.
-- Money that settles nothing stands on receivables in other ledgers, and an overpayment in Xero too; a prepayment stands on
-- the account that it is coded to. So it is added here when it comes, and taken away again as far as it is allocated.
-- requires: prepayments, organisation
SELECT
    c.connection || ':ledger/Prepayment/' || x.id AS key,
    c.connection AS source,
    'Prepayment' AS object,
    x.id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || x.prepayment_id AS url,
    x.updated_date_utc AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    x.date,
    'receivable' AS side,
    'payment' AS origin,
    CAST(
        HOME_AMOUNT(x.amount, x.currency_code, x.rate, 'divide', COALESCE(o.base_currency, c.home_currency)) AS DECIMAL(24, 6)
    ) AS amount,
    COALESCE(o.base_currency, c.home_currency) AS home_currency
FROM (
    SELECT
        p.prepayment_id,
        p.prepayment_id AS id,
        p.date,
        p.currency_code,
        CAST(p.currency_rate AS DECIMAL(24, 12)) AS rate,
        p.updated_date_utc,
        CAST(p.total AS DECIMAL(18, 6)) AS amount
    FROM raw.prepayments AS p
    WHERE
        (p.type LIKE 'RECEIVE-%' OR p.type LIKE 'AR%')
        AND p.status IN ('AUTHORISED', 'PAID')
        AND p._deleted_at IS NULL
    UNION ALL
    SELECT
        q.prepayment_id,
        q.prepayment_id || '/' || COALESCE(JSON_EXTRACT_STRING(e.value, '$.AllocationID'), CAST(e.key AS TEXT)) AS id,
        COALESCE(CAST(LEFT(JSON_EXTRACT_STRING(e.value, '$.Date'), 10) AS DATE), q.date) AS date,
        q.currency_code,
        CAST(q.currency_rate AS DECIMAL(24, 12)) AS rate,
        q.updated_date_utc,
        CAST(-CAST(JSON_EXTRACT_STRING(e.value, '$.Amount') AS DECIMAL(18, 6)) AS DECIMAL(18, 6)) AS amount
    FROM raw.prepayments AS q, JSON_EACH(q.allocations) AS e
    WHERE
        (q.type LIKE 'RECEIVE-%' OR q.type LIKE 'AR%')
        AND q.status IN ('AUTHORISED', 'PAID')
        AND q._deleted_at IS NULL
        AND COALESCE(JSON_EXTRACT_STRING(e.value, '$.IsDeleted'), 'false') <> 'true'
) AS x
CROSS JOIN (
    SELECT
        MAX(g.base_currency) AS base_currency,
        COALESCE(
            'https://go.xero.com/organisationlogin/default.aspx?shortcode=' || MAX(g.short_code) || '&redirecturl=',
            'https://go.xero.com'
        ) AS link
    FROM raw.organisation AS g
) AS o
CROSS JOIN param.connection AS c
WHERE x.date IS NOT NULL
