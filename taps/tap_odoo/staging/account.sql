-- account: companies in the CRM.
-- grain: one res.partner that is a company, archived ones too, but not our own. inputs: res_partner, res_company, crm_lead.
-- The lead stream marks the database as a CRM: a ledger's partners are customers, not accounts.
-- requires: res_partner, res_company, crm_lead
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
    p.external_id AS external_id,
    c.connection || ':res.users/' || CAST(p.user_id AS TEXT) AS owner_key,
    p.create_date AS created_at
FROM raw.res_partner AS p
CROSS JOIN param.connection AS c
WHERE
    p.is_company
    AND NOT EXISTS (SELECT 1 FROM raw.res_company AS o WHERE o.partner_id = p.id)
