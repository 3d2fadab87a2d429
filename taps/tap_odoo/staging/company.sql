-- company: the companies of the database, with their home currency.
-- grain: one res.company. inputs: res_company.
-- requires: res_company
SELECT
    c.connection || ':res.company/' || CAST(r.id AS TEXT) AS key,
    c.connection AS source,
    'res.company' AS object,
    CAST(r.id AS TEXT) AS source_id,
    c.url || '/odoo/res.company/' || CAST(r.id AS TEXT) AS url,
    r.write_date AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.name AS name,
    r.currency_id_name AS currency
FROM raw.res_company AS r
CROSS JOIN param.connection AS c
