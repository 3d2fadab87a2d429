-- payment: money received for invoices, and refunds of credit notes and of what was paid too much or too early.
-- grain: one payment of a customer's document. inputs: payments, organisation.
-- One payment is for one document; money for several comes as several. A deleted payment counts for nothing.
-- requires: payments, organisation
SELECT
    c.connection || ':Payment/' || y.payment_id AS key,
    c.connection AS source,
    'Payment' AS object,
    y.payment_id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || y.payment_id AS url,
    y.updated_date_utc AS updated_at,
    y._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Contact/' || y.contact_id AS customer_key,
    y.date AS date,
    COALESCE(y.currency_code, o.base_currency, c.home_currency) AS currency,
    CAST(y.amount AS DECIMAL(24, 6)) AS amount,
    CASE WHEN y.payment_type = 'ACCRECPAYMENT' THEN 'in' ELSE 'out' END AS direction,
    CASE y.status WHEN 'DELETED' THEN 'void' ELSE 'posted' END AS status
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
WHERE y.payment_type IN ('ACCRECPAYMENT', 'ARCREDITPAYMENT', 'AROVERPAYMENTPAYMENT', 'ARPREPAYMENTPAYMENT')
