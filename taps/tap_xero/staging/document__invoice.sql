-- document: sales invoices, drafts and voided ones with their status. Bills are cost, see cost_line.
-- grain: one invoice to a customer. inputs: invoices, organisation.
-- The rate is foreign units for one home unit, so home = amount / rate; Xero states no home amounts, and no rate in the home
-- currency. A deleted draft is deleted. What an invoice refers to is one free field.
-- requires: invoices, organisation
SELECT
    c.connection || ':Invoice/' || i.invoice_id AS key,
    c.connection AS source,
    'Invoice' AS object,
    i.invoice_id AS source_id,
    o.link || '/AccountsReceivable/Edit.aspx?InvoiceID=' || i.invoice_id AS url,
    i.updated_date_utc AS updated_at,
    CASE WHEN i.status = 'DELETED' THEN i.updated_date_utc ELSE i._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'invoice' AS kind,
    i.invoice_number AS number,
    c.connection || ':Contact/' || i.contact_id AS customer_key,
    i.date AS date,
    i.due_date AS due_date,
    COALESCE(i.currency_code, o.base_currency, c.home_currency) AS currency,
    COALESCE(o.base_currency, c.home_currency) AS home_currency,
    CAST(i.sub_total AS DECIMAL(24, 6)) AS net,
    CAST(i.total_tax AS DECIMAL(24, 6)) AS tax,
    CAST(i.total AS DECIMAL(24, 6)) AS gross,
    CAST(NULL AS DECIMAL(24, 6)) AS home_net,
    CAST(NULL AS DECIMAL(24, 6)) AS home_gross,
    NULLIF(CAST(i.currency_rate AS DECIMAL(24, 12)), 0) AS rate,
    'divide' AS rate_direction,
    CAST(i.amount_due AS DECIMAL(24, 6)) AS balance,
    CASE
        WHEN i.status IN ('AUTHORISED', 'PAID') THEN 'posted'
        WHEN i.status IN ('VOIDED', 'DELETED') THEN 'void'
        ELSE 'draft'
    END AS status,
    i.reference AS reference,
    CAST(NULL AS TEXT) AS po,
    CAST(NULL AS TEXT) AS opportunity_ref,
    CAST(NULL AS TEXT) AS credited_document_key,
    c.connection || ':RepeatingInvoice/' || i.repeating_invoice_id AS repeating_key
FROM raw.invoices AS i
CROSS JOIN (
    SELECT
        MAX(g.base_currency) AS base_currency,
        COALESCE(
            'https://go.xero.com/organisationlogin/default.aspx?shortcode=' || MAX(g.short_code) || '&redirecturl=',
            'https://go.xero.com'
        ) AS link
    FROM raw.organisation AS g
) AS o
CROSS JOIN param.connection AS c
WHERE i.type = 'ACCREC'
