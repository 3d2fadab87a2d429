-- ledger_total: what Xero itself reports of its income and receivables, for the monthly tie-out.
-- grain: one month that is over and one side, dated on its last day. inputs: ledger_month, organisation.
-- The reports tell totals only: what they hold beside documents, manual_journals and bank_transactions name. A balance
-- stands at the month's end: what moved it is the difference to the month before, and the first one is all that was before.
-- requires: ledger_month, organisation
SELECT
    c.connection || ':ledger/' || m.id AS key,
    c.connection AS source,
    'Report' AS object,
    m.id AS source_id,
    'https://go.xero.com/app/reporting' AS url,
    CAST(NULL AS TIMESTAMPTZ) AS updated_at,
    m._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    m.end_date AS date,
    CASE m.report WHEN 'BalanceSheet' THEN 'receivable' ELSE 'income' END AS side,
    'total' AS origin,
    CAST(
        m.amount - CASE m.report
            WHEN 'BalanceSheet' THEN LAG(m.amount, 1, 0) OVER (PARTITION BY m.report ORDER BY m.end_date)
            ELSE 0
        END AS DECIMAL(24, 6)
    ) AS amount,
    COALESCE(m.currency, o.base_currency, c.home_currency) AS home_currency
FROM (
    SELECT
        r.id,
        r.report,
        r.end_date,
        r.currency,
        r._deleted_at,
        CAST(COALESCE(s.amount, 0) AS DECIMAL(24, 6)) AS amount
    FROM raw.ledger_month AS r
    LEFT JOIN (
        SELECT
            x.id,
            SUM(CAST(JSON_EXTRACT_STRING(j.value, '$.amount') AS DECIMAL(24, 6))) AS amount
        FROM raw.ledger_month AS x, JSON_EACH(x.accounts) AS j
        GROUP BY x.id
    ) AS s ON s.id = r.id
    WHERE r._deleted_at IS NULL
) AS m
CROSS JOIN (SELECT MAX(g.base_currency) AS base_currency FROM raw.organisation AS g) AS o
CROSS JOIN param.connection AS c
