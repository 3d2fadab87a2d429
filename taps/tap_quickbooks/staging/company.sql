-- company: the company, with its home currency, which stands in the preferences.
-- grain: one CompanyInfo. inputs: company_info, preferences.
-- requires: company_info, preferences
SELECT
    c.connection || ':CompanyInfo/' || o.id AS key,
    c.connection AS source,
    'CompanyInfo' AS object,
    o.id AS source_id,
    CAST(NULL AS TEXT) AS url,
    o.last_updated_time AS updated_at,
    o._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    COALESCE(o.company_name, o.legal_name) AS name,
    COALESCE(h.currency, c.home_currency) AS currency
FROM raw.company_info AS o
CROSS JOIN (SELECT MAX(p.home_currency) AS currency FROM raw.preferences AS p) AS h
CROSS JOIN param.connection AS c
