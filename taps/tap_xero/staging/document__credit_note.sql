-- document: sales credit notes.
-- grain: one credit note to a customer. inputs: credit_notes, invoices, organisation.
-- Xero keeps no field for the invoice that a note credits: people write its number into the reference. It counts when exactly
-- one invoice of that contact has that number. Amounts are positive, as on an invoice.
-- requires: credit_notes, invoices, organisation
SELECT
    c.connection || ':CreditNote/' || n.credit_note_id AS key,
    c.connection AS source,
    'CreditNote' AS object,
    n.credit_note_id AS source_id,
    o.link || '/AccountsReceivable/ViewCreditNote.aspx?creditNoteID=' || n.credit_note_id AS url,
    n.updated_date_utc AS updated_at,
    CASE WHEN n.status = 'DELETED' THEN n.updated_date_utc ELSE n._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'credit_note' AS kind,
    n.credit_note_number AS number,
    c.connection || ':Contact/' || n.contact_id AS customer_key,
    n.date AS date,
    CAST(NULL AS DATE) AS due_date,
    COALESCE(n.currency_code, o.base_currency, c.home_currency) AS currency,
    COALESCE(o.base_currency, c.home_currency) AS home_currency,
    CAST(n.sub_total AS DECIMAL(24, 6)) AS net,
    CAST(n.total_tax AS DECIMAL(24, 6)) AS tax,
    CAST(n.total AS DECIMAL(24, 6)) AS gross,
    CAST(NULL AS DECIMAL(24, 6)) AS home_net,
    CAST(NULL AS DECIMAL(24, 6)) AS home_gross,
    NULLIF(CAST(n.currency_rate AS DECIMAL(24, 12)), 0) AS rate,
    'divide' AS rate_direction,
    CAST(n.remaining_credit AS DECIMAL(24, 6)) AS balance,
    CASE
        WHEN n.status IN ('AUTHORISED', 'PAID') THEN 'posted'
        WHEN n.status IN ('VOIDED', 'DELETED') THEN 'void'
        ELSE 'draft'
    END AS status,
    n.reference AS reference,
    CAST(NULL AS TEXT) AS po,
    CAST(NULL AS TEXT) AS opportunity_ref,
    c.connection || ':Invoice/' || k.invoice_id AS credited_document_key,
    CAST(NULL AS TEXT) AS repeating_key
FROM raw.credit_notes AS n
LEFT JOIN (
    SELECT i.contact_id, UPPER(TRIM(i.invoice_number)) AS number, MIN(i.invoice_id) AS invoice_id
    FROM raw.invoices AS i
    WHERE i.type = 'ACCREC' AND i.status <> 'DELETED' AND i.invoice_number IS NOT NULL
    GROUP BY i.contact_id, UPPER(TRIM(i.invoice_number))
    HAVING COUNT(*) = 1
) AS k ON k.contact_id = n.contact_id AND k.number = UPPER(TRIM(n.reference))
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
WHERE n.type = 'ACCRECCREDIT'
