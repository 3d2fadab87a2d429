-- ledger_total: sales and receipts booked from the bank without a document, for the monthly tie-out.
-- grain: one Deposit and one side. inputs: deposit, account, preferences.
-- A deposit credits its lines' accounts; a line that only brings a payment to the bank has none.
-- requires: deposit, account, preferences
SELECT
    c.connection || ':ledger/Deposit/' || x.id || '/' || x.side AS key,
    c.connection AS source,
    'Deposit' AS object,
    x.id || '/' || x.side AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/deposit?txnId=' || x.id AS url,
    x.last_updated_time AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    x.txn_date AS date,
    x.side,
    'bank' AS origin,
    CAST(
        SUM(HOME_AMOUNT(x.amount, x.currency, x.rate, 'multiply', COALESCE(h.currency, c.home_currency))) AS DECIMAL(24, 6)
    ) AS amount,
    MAX(COALESCE(h.currency, c.home_currency)) AS home_currency
FROM (
    SELECT
        e.id,
        e.last_updated_time,
        e.txn_date,
        e.currency,
        CAST(e.exchange_rate AS DECIMAL(24, 12)) AS rate,
        CASE a.account_type WHEN 'Accounts Receivable' THEN 'receivable' ELSE 'income' END AS side,
        CASE a.account_type WHEN 'Accounts Receivable' THEN -1 ELSE 1 END * CAST(j.value ->> 'amount' AS DECIMAL(18, 6)) AS amount
    FROM raw.deposit AS e, JSON_EACH(e.line) AS j, raw.account AS a
    WHERE
        a.id = (j.value ->> 'account_id')
        AND a.account_type IN ('Income', 'Other Income', 'Accounts Receivable')
        AND e._deleted_at IS NULL
        AND e.txn_date IS NOT NULL
) AS x
CROSS JOIN (SELECT MAX(p.home_currency) AS currency FROM raw.preferences AS p) AS h
CROSS JOIN param.connection AS c
GROUP BY c.connection, c.url, x.id, x.side, x.last_updated_time, x.txn_date
