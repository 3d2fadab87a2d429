-- allocation: what payments settle: invoices, and credit notes that are paid out.
-- grain: one payment of a customer's invoice or credit note. inputs: payments, organisation.
-- A refund names its credit note in a field of its own or, in listings, where an invoice would stand. A deleted payment settles
-- nothing.
-- requires: payments, organisation
SELECT
    c.connection || ':Payment/' || y.payment_id AS key,
    c.connection AS source,
    'Payment' AS object,
    y.payment_id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || y.payment_id AS url,
    y.updated_date_utc AS updated_at,
    CASE WHEN y.status = 'DELETED' THEN y.updated_date_utc ELSE y._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CASE
        WHEN y.payment_type = 'ACCRECPAYMENT' THEN c.connection || ':Invoice/' || y.invoice_id
        ELSE c.connection || ':CreditNote/' || COALESCE(y.credit_note_id, y.invoice_id)
    END AS document_key,
    c.connection || ':Payment/' || y.payment_id AS payment_key,
    CAST(NULL AS TEXT) AS credit_document_key,
    CAST(y.amount AS DECIMAL(24, 6)) AS amount,
    y.date AS date
FROM raw.payments AS y
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
WHERE y.payment_type IN ('ACCRECPAYMENT', 'ARCREDITPAYMENT')
