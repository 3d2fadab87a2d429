-- payment: money received before its invoice: no revenue until it is allocated.
-- grain: one prepayment of a customer. inputs: prepayments, organisation.
-- requires: prepayments, organisation
SELECT
    c.connection || ':Prepayment/' || y.prepayment_id AS key,
    c.connection AS source,
    'Prepayment' AS object,
    y.prepayment_id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || y.prepayment_id AS url,
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
FROM raw.prepayments AS y
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
