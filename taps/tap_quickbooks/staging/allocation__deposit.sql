-- allocation: what was paid when the invoice was written: its own Deposit settles it on its date.
-- grain: one Invoice with a deposit. inputs: invoice.
-- requires: invoice
SELECT
    c.connection || ':Invoice/' || d.id || '/deposit' AS key,
    c.connection AS source,
    'Invoice' AS object,
    d.id AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/invoice?txnId=' || d.id AS url,
    d.last_updated_time AS updated_at,
    d._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Invoice/' || d.id AS document_key,
    CAST(NULL AS TEXT) AS payment_key,
    CAST(NULL AS TEXT) AS credit_document_key,
    CAST(d.deposit AS DECIMAL(24, 6)) AS amount,
    d.txn_date AS date
FROM raw.invoice AS d
CROSS JOIN param.connection AS c
WHERE CAST(d.deposit AS DECIMAL(24, 6)) <> 0
