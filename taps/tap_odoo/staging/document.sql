-- document: customer documents of the ledger, drafts and cancelled ones with their status.
-- grain: one account.move that is a customer document. inputs: account_move.
-- Amounts in the document's currency are positive; Odoo's company-currency amounts are signed by direction, so a credit
-- note's sign is turned. A sales receipt of Odoo is settled by a payment like an invoice, so it is one. The rate is foreign
-- units for one home unit. A document's own day is its invoice date; the accounting date of old documents may differ.
-- requires: account_move
SELECT
    c.connection || ':account.move/' || CAST(m.id AS TEXT) AS key,
    c.connection AS source,
    'account.move' AS object,
    CAST(m.id AS TEXT) AS source_id,
    c.url || '/odoo/account.move/' || CAST(m.id AS TEXT) AS url,
    m.write_date AS updated_at,
    m._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CASE WHEN m.move_type = 'out_refund' THEN 'credit_note' ELSE 'invoice' END AS kind,
    NULLIF(m.name, '/') AS number,
    c.connection || ':res.partner/' || CAST(COALESCE(m.commercial_partner_id, m.partner_id) AS TEXT) AS customer_key,
    COALESCE(m.invoice_date, m.date) AS date,
    m.invoice_date_due AS due_date,
    COALESCE(m.currency_id_name, c.home_currency) AS currency,
    COALESCE(m.company_currency_id_name, c.home_currency) AS home_currency,
    CAST(m.amount_untaxed AS DECIMAL(24, 6)) AS net,
    CAST(m.amount_tax AS DECIMAL(24, 6)) AS tax,
    CAST(m.amount_total AS DECIMAL(24, 6)) AS gross,
    CAST(
        CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END * CAST(m.amount_untaxed_signed AS DECIMAL(24, 6)) AS DECIMAL(24, 6)
    ) AS home_net,
    CAST(
        CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END * CAST(m.amount_total_signed AS DECIMAL(24, 6)) AS DECIMAL(24, 6)
    ) AS home_gross,
    CAST(m.invoice_currency_rate AS DECIMAL(24, 12)) AS rate,
    'divide' AS rate_direction,
    CAST(m.amount_residual AS DECIMAL(24, 6)) AS balance,
    CASE m.state WHEN 'posted' THEN 'posted' WHEN 'cancel' THEN 'void' ELSE 'draft' END AS status,
    m.ref AS reference,
    m.po AS po,
    COALESCE(m.opportunity, m.invoice_origin) AS opportunity_ref,
    c.connection || ':account.move/' || CAST(m.reversed_entry_id AS TEXT) AS credited_document_key,
    c.connection || ':account.move/' || CAST(
        COALESCE(
            m.auto_post_origin_id, CASE WHEN m.auto_post IN ('monthly', 'quarterly', 'yearly') THEN m.id END
        ) AS TEXT
    ) AS repeating_key
FROM raw.account_move AS m
CROSS JOIN param.connection AS c
WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
