-- payment: money received beyond what was owed: no revenue until it is allocated.
-- grain: one overpayment of a customer. inputs: overpayments, organisation.
-- requires: overpayments, organisation
SELECT
    c.connection || ':Overpayment/' || y.overpayment_id AS key,
    c.connection AS source,
    'Overpayment' AS object,
    y.overpayment_id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || y.overpayment_id AS url,
    y.updated_date_utc AS updated_at,
    CASE WHEN y.status = 'DELETED' THEN y.updated_date_utc ELSE y._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Contact/' || y.contact_id AS customer_key,
    y.date AS date,
    COALESCE(y.currency_code, o.base_currency, c.home_currency) AS currency,
    CAST(y.total AS DECIMAL(24, 6)) AS amount,
    'in' AS direction,
    CASE
        WHEN y.status IN ('AUTHORISED', 'PAID') THEN 'posted'
        WHEN y.status IN ('VOIDED', 'DELETED') THEN 'void'
        ELSE 'draft'
    END AS status
FROM raw.overpayments AS y
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
WHERE y.type LIKE 'RECEIVE-%' OR y.type LIKE 'AR%'
