-- person: contacts.
-- grain: one res.partner that is a person, archived ones too. inputs: res_partner, res_users, crm_lead, res_company.
-- Addresses (invoice, delivery) and our own users are not people of customers. The lead stream marks the database as a CRM:
-- a ledger's contacts are not ours to follow.
-- requires: res_partner, res_users, crm_lead, res_company
SELECT
    c.connection || ':res.partner/' || CAST(p.id AS TEXT) AS key,
    c.connection AS source,
    'res.partner' AS object,
    CAST(p.id AS TEXT) AS source_id,
    c.url || '/odoo/res.partner/' || CAST(p.id AS TEXT) AS url,
    p.write_date AS updated_at,
    p._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'contact' AS kind,
    p.name AS name,
    CASE WHEN STRPOS(p.name, ' ') > 0 THEN SUBSTR(p.name, 1, STRPOS(p.name, ' ') - 1) END AS first_name,
    CASE WHEN STRPOS(p.name, ' ') > 0 THEN TRIM(SUBSTR(p.name, STRPOS(p.name, ' ') + 1)) ELSE p.name END AS last_name,
    p.email AS email,
    p.phone AS phone,
    p.mobile AS mobile,
    COALESCE(a.name, p.company_name) AS company,
    c.connection || ':res.partner/' || CAST(a.id AS TEXT) AS account_key,
    c.connection || ':res.users/' || CAST(p.user_id AS TEXT) AS owner_key,
    CAST(NULL AS TEXT) AS status,
    CAST(NULL AS TEXT) AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    COALESCE(p.active, TRUE) AS is_active,
    CAST(NULL AS BOOLEAN) AS has_opted_out,
    p.create_date AS created_at
FROM raw.res_partner AS p
LEFT JOIN (
    SELECT x.id, x.name
    FROM raw.res_partner AS x
    WHERE x.is_company AND NOT EXISTS (SELECT 1 FROM raw.res_company AS o WHERE o.partner_id = x.id)
) AS a ON a.id = COALESCE(p.commercial_partner_id, p.parent_id)
CROSS JOIN param.connection AS c
WHERE
    NOT COALESCE(p.is_company, FALSE)
    AND COALESCE(p.type, 'contact') = 'contact'
    AND NOT EXISTS (
        SELECT 1 FROM raw.res_users AS u WHERE u.partner_id = p.id AND NOT COALESCE(u.share, FALSE)
    )
