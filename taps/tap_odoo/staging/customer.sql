-- customer: who the ledger sells to. Several contacts and addresses of one firm are one customer: Odoo's commercial partner.
-- grain: one commercial res.partner that is a customer or stands on a customer document. inputs: res_partner, account_move.
-- Odoo keeps no currency on a customer.
-- requires: res_partner, account_move
SELECT
    c.connection || ':res.partner/' || CAST(p.id AS TEXT) AS key,
    c.connection AS source,
    'res.partner' AS object,
    CAST(p.id AS TEXT) AS source_id,
    c.url || '/odoo/res.partner/' || CAST(p.id AS TEXT) AS url,
    p.write_date AS updated_at,
    p._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    p.name AS name,
    p.email AS email,
    p.website AS website,
    p.phone AS phone,
    NULLIF(CONCAT_WS(', ', p.street, p.street2), '') AS street,
    p.city AS city,
    p.zip AS postal_code,
    p.country_code AS country,
    p.vat AS tax_id,
    c.connection || ':res.partner/' || CAST(p.parent_id AS TEXT) AS parent_key,
    CAST(NULL AS TEXT) AS currency,
    p.external_id AS external_id,
    p.create_date AS created_at,
    COALESCE(p.active, TRUE) AS is_active
FROM raw.res_partner AS p
CROSS JOIN param.connection AS c
WHERE p.id IN (
    SELECT COALESCE(r.commercial_partner_id, r.id) FROM raw.res_partner AS r WHERE r.customer_rank > 0
    UNION
    SELECT COALESCE(m.commercial_partner_id, m.partner_id)
    FROM raw.account_move AS m
    WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
)
