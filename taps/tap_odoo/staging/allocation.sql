-- allocation: what settles a customer document: a payment, a bank entry, or the other document (credit against invoice).
-- grain: one side of one account.partial.reconcile, for each customer document on it. inputs: account_partial_reconcile,
-- account_move_line, account_move, account_payment.
-- A credit note that meets an invoice settles both, so it yields two rows. Exchange differences settle nothing: their
-- partial has no amount in the document's currency, or joins the exchange entry itself. Unreconciling deletes the partial.
-- The day is the later day of the two entries (max_date), not the day somebody matched them.
-- requires: account_partial_reconcile, account_move_line, account_move, account_payment
SELECT
    c.connection || ':account.partial.reconcile/' || CAST(s.id AS TEXT) || s.side AS key,
    c.connection AS source,
    'account.partial.reconcile' AS object,
    CAST(s.id AS TEXT) AS source_id,
    c.url || '/odoo/account.move/' || CAST(d.id AS TEXT) AS url,
    s.write_date AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':account.move/' || CAST(d.id AS TEXT) AS document_key,
    c.connection || ':account.payment/' || CAST(y.id AS TEXT) AS payment_key,
    CASE
        WHEN o.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
            THEN c.connection || ':account.move/' || CAST(o.id AS TEXT)
    END AS credit_document_key,
    s.amount AS amount,
    s.max_date AS date
FROM (
    SELECT
        r.id,
        '' AS side,
        r.write_date,
        r._deleted_at,
        r.max_date,
        r.debit_move_id AS line_id,
        r.credit_move_id AS other_line_id,
        CAST(r.debit_amount_currency AS DECIMAL(24, 6)) AS amount
    FROM raw.account_partial_reconcile AS r
    UNION ALL
    SELECT
        r.id,
        '/credit' AS side,
        r.write_date,
        r._deleted_at,
        r.max_date,
        r.credit_move_id AS line_id,
        r.debit_move_id AS other_line_id,
        CAST(r.credit_amount_currency AS DECIMAL(24, 6)) AS amount
    FROM raw.account_partial_reconcile AS r
) AS s
INNER JOIN raw.account_move_line AS dl ON dl.id = s.line_id
INNER JOIN raw.account_move AS d
    ON d.id = dl.move_id AND d.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
LEFT JOIN raw.account_move_line AS ol ON ol.id = s.other_line_id
LEFT JOIN raw.account_move AS o ON o.id = ol.move_id
LEFT JOIN (
    SELECT x.move_id, MIN(x.id) AS id
    FROM raw.account_payment AS x
    WHERE x.move_id IS NOT NULL
    GROUP BY x.move_id
) AS y ON y.move_id = o.id
CROSS JOIN param.connection AS c
WHERE
    s.amount <> 0
    AND NOT EXISTS (
        SELECT 1 FROM raw.account_partial_reconcile AS e WHERE e.exchange_move_id = o.id
    )
