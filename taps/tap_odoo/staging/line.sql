-- line: what a customer document is for, without taxes and the receivable.
-- grain: one account.move.line that Odoo counts into the untaxed amount. inputs: account_move_line, account_move,
-- account_account.
-- The class follows the account: income is revenue; an expense on a credit note is a write-off (bad debt); anything else
-- (a liability for deposits, an asset, recharged cost) passes through. Without a known account it is revenue.
-- Amounts are the ledger's own debits and credits, turned so that positive adds to the document.
-- requires: account_move_line, account_move, account_account
SELECT
    c.connection || ':account.move.line/' || CAST(l.id AS TEXT) AS key,
    c.connection AS source,
    'account.move.line' AS object,
    CAST(l.id AS TEXT) AS source_id,
    c.url || '/odoo/account.move/' || CAST(m.id AS TEXT) AS url,
    l.write_date AS updated_at,
    COALESCE(l._deleted_at, m._deleted_at) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':account.move/' || CAST(m.id AS TEXT) AS document_key,
    ROW_NUMBER() OVER (PARTITION BY m.id ORDER BY l.sequence, l.id) AS position,
    l.name AS description,
    l.product_id_name AS item,
    a.code AS account_code,
    a.name AS account_name,
    CASE
        WHEN a.account_type IS NULL OR a.account_type LIKE 'income%' THEN 'revenue'
        WHEN a.account_type LIKE 'expense%' AND m.move_type = 'out_refund' THEN 'write_off'
        ELSE 'pass_through'
    END AS line_class,
    CAST(
        CASE WHEN m.move_type = 'out_refund' THEN 1 ELSE -1 END * CAST(l.amount_currency AS DECIMAL(24, 6)) AS DECIMAL(24, 6)
    ) AS net,
    CAST(
        CASE WHEN m.move_type = 'out_refund' THEN 1 ELSE -1 END * CAST(l.balance AS DECIMAL(24, 6)) AS DECIMAL(24, 6)
    ) AS home_net
FROM raw.account_move_line AS l
INNER JOIN raw.account_move AS m
    ON m.id = l.move_id AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
LEFT JOIN raw.account_account AS a ON a.id = l.account_id
CROSS JOIN param.connection AS c
WHERE l.display_type IN ('product', 'rounding', 'non_deductible_product', 'non_deductible_product_total')
