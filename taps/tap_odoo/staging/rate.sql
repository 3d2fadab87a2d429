-- rate: exchange rates as the ledger keeps them: foreign units for one unit of the company's currency, so home = x / rate.
-- grain: one res.currency.rate for each company that it serves. inputs: res_currency_rate, res_company.
-- The stored rate relates to a base that need not be the company's currency; company_rate does where Odoo has it.
-- requires: res_currency_rate, res_company
SELECT
    c.connection || ':res.currency.rate/' || CAST(r.id AS TEXT) || CASE
        WHEN r.company_id IS NULL THEN '/' || CAST(o.id AS TEXT) ELSE ''
    END AS key,
    c.connection AS source,
    'res.currency.rate' AS object,
    CAST(r.id AS TEXT) AS source_id,
    c.url || '/odoo/res.currency/' || CAST(r.currency_id AS TEXT) AS url,
    r.write_date AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.currency_id_name AS currency,
    o.currency_id_name AS home_currency,
    r.name AS date,
    CAST(COALESCE(r.company_rate, r.rate) AS DECIMAL(24, 12)) AS rate,
    'divide' AS direction
FROM raw.res_currency_rate AS r
INNER JOIN raw.res_company AS o ON o.id = COALESCE(r.company_id, o.id)
CROSS JOIN param.connection AS c
