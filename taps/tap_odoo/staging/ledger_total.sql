-- ledger_total: what Odoo itself booked on its income and receivable accounts, for the monthly tie-out.
-- grain: one day, side and origin. inputs: account_move_line, account_move, account_account, account_payment,
-- account_partial_reconcile.
-- Posted entries only, by their accounting date. Origin: a customer document; the entry of a payment; an exchange
-- difference that Odoo booked by itself; an entry with a line on a bank or cash account (a bank sale); any other journal
-- entry; other (a vendor's document on such an account).
-- requires: account_move_line, account_move, account_account, account_payment, account_partial_reconcile
SELECT
    c.connection || ':ledger/' || t.side || '/' || CAST(t.date AS TEXT) || '/' || t.origin AS key,
    c.connection AS source,
    'account.move.line' AS object,
    t.side || '/' || CAST(t.date AS TEXT) || '/' || t.origin AS source_id,
    c.url || '/odoo/accounting' AS url,
    t.updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    t.date,
    t.side,
    t.origin,
    CAST(t.amount AS DECIMAL(24, 6)) AS amount,
    COALESCE(t.home_currency, c.home_currency) AS home_currency
FROM (
    SELECT
        e.date,
        e.side,
        e.origin,
        MIN(e.home_currency) AS home_currency,
        MAX(e.updated_at) AS updated_at,
        SUM(CASE e.side WHEN 'income' THEN -1 ELSE 1 END * e.balance) AS amount
    FROM (
        SELECT
            l.date,
            CASE WHEN a.account_type = 'asset_receivable' THEN 'receivable' ELSE 'income' END AS side,
            CASE
                WHEN m.move_type IN ('out_invoice', 'out_refund', 'out_receipt') THEN 'document'
                WHEN m.move_type <> 'entry' THEN 'other'
                WHEN m.origin_payment_id IS NOT NULL OR p.move_id IS NOT NULL THEN 'payment'
                WHEN x.move_id IS NOT NULL THEN 'exchange'
                WHEN b.move_id IS NOT NULL THEN 'bank'
                ELSE 'journal'
            END AS origin,
            CAST(l.balance AS DECIMAL(24, 6)) AS balance,
            l.company_currency_id_name AS home_currency,
            l.write_date AS updated_at
        FROM raw.account_move_line AS l
        INNER JOIN raw.account_move AS m ON m.id = l.move_id AND m.state = 'posted' AND m._deleted_at IS NULL
        INNER JOIN raw.account_account AS a
            ON a.id = l.account_id AND (a.account_type = 'asset_receivable' OR a.account_type LIKE 'income%')
        LEFT JOIN (SELECT DISTINCT move_id FROM raw.account_payment WHERE move_id IS NOT NULL) AS p ON p.move_id = m.id
        LEFT JOIN (
            SELECT DISTINCT exchange_move_id AS move_id
            FROM raw.account_partial_reconcile
            WHERE exchange_move_id IS NOT NULL
        ) AS x ON x.move_id = m.id
        LEFT JOIN (
            SELECT DISTINCT y.move_id
            FROM raw.account_move_line AS y
            INNER JOIN raw.account_account AS k ON k.id = y.account_id AND k.account_type = 'asset_cash'
            WHERE y._deleted_at IS NULL
        ) AS b ON b.move_id = m.id
        WHERE l._deleted_at IS NULL AND l.date IS NOT NULL
    ) AS e
    GROUP BY e.date, e.side, e.origin
) AS t
CROSS JOIN param.connection AS c
