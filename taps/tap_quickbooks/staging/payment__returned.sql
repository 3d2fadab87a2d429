-- payment: money returned to customers: a cheque or expense that books to receivables.
-- grain: one Purchase with a line on a receivables account. inputs: purchase, account, preferences.
-- requires: purchase, account, preferences
SELECT
    c.connection || ':Purchase/' || y.id AS key,
    c.connection AS source,
    'Purchase' AS object,
    y.id AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/expense?txnId=' || y.id AS url,
    y.last_updated_time AS updated_at,
    y._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Customer/' || y.customer_id AS customer_key,
    y.txn_date AS date,
    COALESCE(y.currency, h.currency, c.home_currency) AS currency,
    y.amount AS amount,
    'out' AS direction,
    y.state AS status
FROM (
    SELECT
        p.id,
        p.last_updated_time,
        p._deleted_at,
        p.txn_date,
        p.currency,
        CASE
            WHEN p.status = 'Voided' THEN 'void'
            WHEN
                CAST(p.total_amt AS DECIMAL(24, 6)) = 0
                AND (
                    LOWER(p.private_note) LIKE '%void%'
                    OR LOWER(p.private_note) LIKE '%annul%'
                    OR LOWER(p.private_note) LIKE '%anul%'
                    OR LOWER(p.private_note) LIKE '%storn%'
                )
                THEN 'void'
            WHEN p.status IN ('Draft', 'Pending') THEN 'draft'
            ELSE 'posted'
        END AS state,
        MIN(COALESCE(j.value ->> 'customer_id', CASE p.entity_type WHEN 'Customer' THEN p.entity_id END)) AS customer_id,
        SUM(CAST(j.value ->> 'amount' AS DECIMAL(24, 6))) AS amount
    FROM raw.purchase AS p, JSON_EACH(p.line) AS j, raw.account AS a
    WHERE a.id = (j.value ->> 'account_id') AND a.account_type = 'Accounts Receivable'
    GROUP BY p.id, p.last_updated_time, p._deleted_at, p.txn_date, p.currency, p.status, p.total_amt, p.private_note
) AS y
CROSS JOIN (SELECT MAX(p.home_currency) AS currency FROM raw.preferences AS p) AS h
CROSS JOIN param.connection AS c
