-- payment: money received from customers.
-- grain: one Payment. inputs: payment, preferences.
-- A payment of nothing only joins a credit memo to what it settles: no money, so no row, unless it was voided.
-- requires: payment, preferences
SELECT
    c.connection || ':Payment/' || y.id AS key,
    c.connection AS source,
    'Payment' AS object,
    y.id AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/recvpayment?txnId=' || y.id AS url,
    y.last_updated_time AS updated_at,
    y._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Customer/' || y.customer_id AS customer_key,
    y.txn_date AS date,
    COALESCE(y.currency, h.currency, c.home_currency) AS currency,
    CAST(y.total_amt AS DECIMAL(24, 6)) AS amount,
    'in' AS direction,
    CASE
        WHEN y.status = 'Voided' THEN 'void'
        WHEN
            CAST(y.total_amt AS DECIMAL(24, 6)) = 0
            AND (
                LOWER(y.private_note) LIKE '%void%'
                OR LOWER(y.private_note) LIKE '%annul%'
                OR LOWER(y.private_note) LIKE '%anul%'
                OR LOWER(y.private_note) LIKE '%storn%'
            )
            THEN 'void'
        WHEN y.status IN ('Draft', 'Pending') THEN 'draft'
        ELSE 'posted'
    END AS status
FROM raw.payment AS y
CROSS JOIN (SELECT MAX(p.home_currency) AS currency FROM raw.preferences AS p) AS h
CROSS JOIN param.connection AS c
WHERE
    y.total_amt IS NULL
    OR CAST(y.total_amt AS DECIMAL(24, 6)) <> 0
    OR y.status = 'Voided'
    OR LOWER(y.private_note) LIKE '%void%'
