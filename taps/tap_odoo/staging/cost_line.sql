-- cost_line: money spent on an event, by the analytic account that a cost line is distributed to.
-- grain: one line of a vendor document or journal entry, for each analytic account in its distribution. inputs:
-- account_move_line, account_move, account_account, account_analytic_account.
-- A distribution maps "id" or "id,id" (one account of each plan) to a percentage. Only expense accounts are cost: a
-- prepayment tagged to the event becomes an expense later and would count twice. A vendor's credit note takes back.
-- requires: account_move_line, account_move, account_account, account_analytic_account
SELECT
    c.connection || ':account.move.line/' || CAST(l.id AS TEXT) || '/' || CAST(a.id AS TEXT) AS key,
    c.connection AS source,
    'account.move.line' AS object,
    CAST(l.id AS TEXT) AS source_id,
    c.url || '/odoo/account.move/' || CAST(m.id AS TEXT) AS url,
    l.write_date AS updated_at,
    COALESCE(l._deleted_at, m._deleted_at) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CAST(NULL AS TEXT) AS campaign_key,
    a.code AS campaign_code,
    a.name AS campaign_name,
    COALESCE(m.invoice_date, m.date) AS date,
    NULLIF(m.name, '/') AS document_number,
    l.name AS description,
    CAST(ROUND(CAST(l.amount_currency AS DECIMAL(24, 6)) * l.share * 0.01, 6) AS DECIMAL(24, 6)) AS net,
    COALESCE(l.currency_id_name, c.home_currency) AS currency,
    CAST(ROUND(CAST(l.balance AS DECIMAL(24, 6)) * l.share * 0.01, 6) AS DECIMAL(24, 6)) AS home_net,
    COALESCE(l.company_currency_id_name, c.home_currency) AS home_currency,
    CASE m.state WHEN 'posted' THEN 'posted' WHEN 'cancel' THEN 'void' ELSE 'draft' END AS status
FROM (
    SELECT
        x.*,
        CAST(NULLIF(CAST(j.value AS TEXT), 'null') AS DECIMAL(12, 6)) AS share,
        ',' || j.key || ',' AS analytic_ids
    FROM raw.account_move_line AS x, JSON_EACH(x.analytic_distribution) AS j
) AS l
INNER JOIN raw.account_move AS m
    ON m.id = l.move_id AND m.move_type IN ('in_invoice', 'in_refund', 'in_receipt', 'entry')
INNER JOIN raw.account_account AS k ON k.id = l.account_id AND k.account_type LIKE 'expense%'
INNER JOIN raw.account_analytic_account AS a ON l.analytic_ids LIKE '%,' || CAST(a.id AS TEXT) || ',%'
CROSS JOIN param.connection AS c
