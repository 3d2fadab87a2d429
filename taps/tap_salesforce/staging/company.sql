-- company: the organisation and its currency.
-- grain: one Organization. inputs: Organization.
-- requires: Organization
SELECT
    c.connection || ':Organization/' || r.Id AS key,
    c.connection AS source,
    'Organization' AS object,
    r.Id AS source_id,
    c.url || '/lightning/setup/CompanyProfileInfo/home' AS url,
    r.SystemModstamp AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.Name AS name,
    COALESCE(r.DefaultCurrencyIsoCode, c.home_currency) AS currency
FROM raw."Organization" AS r
CROSS JOIN param.connection AS c
