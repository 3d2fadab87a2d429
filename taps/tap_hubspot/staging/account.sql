-- account: companies.
-- grain: one company, archived and merged ones too. inputs: companies, account_info.
-- HubSpot keeps a country's name, and its ISO code in a property of its own.
-- requires: companies, account_info
SELECT
    c.connection || ':companies/' || o.id AS key,
    c.connection AS source,
    'companies' AS object,
    o.id AS source_id,
    a.link || '/record/0-2/' || o.id AS url,
    o."updatedAt" AS updated_at,
    o._deleted_at AS deleted_at,
    c.connection || ':companies/' || o.merged_into AS merged_into,
    o.name AS name,
    o.email AS email,
    COALESCE(o.website, o.domain) AS website,
    o.phone AS phone,
    NULLIF(CONCAT_WS(', ', o.address, o.address2), '') AS street,
    o.city AS city,
    o.zip AS postal_code,
    COALESCE(o.hs_country_code, CASE WHEN LENGTH(TRIM(o.country)) = 2 THEN UPPER(TRIM(o.country)) END) AS country,
    o.tax_id AS tax_id,
    c.connection || ':companies/' || o.hs_parent_company_id AS parent_key,
    o.external_id AS external_id,
    c.connection || ':owners/' || o.hubspot_owner_id AS owner_key,
    COALESCE(o.createdate, o."createdAt") AS created_at
FROM raw.companies AS o
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
