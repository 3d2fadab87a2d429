-- payment: money received from customers or returned to them.
-- grain: one account.payment of a customer. inputs: account_payment, res_partner.
-- in_process (not yet seen on the bank) and paid are both booked.
-- requires: account_payment, res_partner
SELECT
    c.connection || ':account.payment/' || CAST(y.id AS TEXT) AS key,
    c.connection AS source,
    'account.payment' AS object,
    CAST(y.id AS TEXT) AS source_id,
    c.url || '/odoo/account.payment/' || CAST(y.id AS TEXT) AS url,
    y.write_date AS updated_at,
    y._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':res.partner/' || CAST(COALESCE(p.commercial_partner_id, y.partner_id) AS TEXT) AS customer_key,
    y.date AS date,
    COALESCE(y.currency_id_name, c.home_currency) AS currency,
    CAST(y.amount AS DECIMAL(24, 6)) AS amount,
    CASE WHEN y.payment_type = 'outbound' THEN 'out' ELSE 'in' END AS direction,
    CASE
        WHEN y.state IN ('canceled', 'cancelled', 'cancel', 'rejected') THEN 'void'
        WHEN y.state IN ('posted', 'in_process', 'paid', 'sent', 'reconciled') THEN 'posted'
        ELSE 'draft'
    END AS status
FROM raw.account_payment AS y
LEFT JOIN raw.res_partner AS p ON p.id = y.partner_id
CROSS JOIN param.connection AS c
WHERE COALESCE(y.partner_type, 'customer') = 'customer'
