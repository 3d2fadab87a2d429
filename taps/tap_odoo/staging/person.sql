-- person: people the CRM knows: contacts, leads, and deals that carry their person without a contact record.
-- grain: one res.partner that is a person, one crm.lead. inputs: res_partner, crm_lead, res_users.
-- A converted lead stays the same record with type opportunity; where it has a partner, the partner is the person.
-- A lead's title is not its person's name. Addresses (invoice, delivery) and our own users are not people of customers.
-- requires: res_partner, crm_lead, res_users
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
    c.connection || ':res.users/' || CAST(COALESCE(p.user_id, a.user_id) AS TEXT) AS owner_key,
    CAST(NULL AS TEXT) AS status,
    CAST(NULL AS TEXT) AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    COALESCE(p.active, TRUE) AS is_active,
    p.create_date AS created_at
FROM raw.res_partner AS p
LEFT JOIN raw.res_partner AS a ON a.id = COALESCE(p.commercial_partner_id, p.parent_id) AND a.is_company
CROSS JOIN param.connection AS c
WHERE
    NOT COALESCE(p.is_company, FALSE)
    AND COALESCE(p.type, 'contact') = 'contact'
    AND NOT EXISTS (
        SELECT 1 FROM raw.res_users AS u WHERE u.partner_id = p.id AND NOT COALESCE(u.share, FALSE)
    )
UNION ALL
SELECT
    c.connection || ':crm.lead/' || CAST(l.id AS TEXT) AS key,
    c.connection AS source,
    'crm.lead' AS object,
    CAST(l.id AS TEXT) AS source_id,
    c.url || '/odoo/crm.lead/' || CAST(l.id AS TEXT) AS url,
    l.write_date AS updated_at,
    l._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'lead' AS kind,
    l.contact_name AS name,
    CASE
        WHEN STRPOS(l.contact_name, ' ') > 0 THEN SUBSTR(l.contact_name, 1, STRPOS(l.contact_name, ' ') - 1)
    END AS first_name,
    CASE
        WHEN STRPOS(l.contact_name, ' ') > 0 THEN TRIM(SUBSTR(l.contact_name, STRPOS(l.contact_name, ' ') + 1))
        ELSE l.contact_name
    END AS last_name,
    l.email_from AS email,
    l.phone AS phone,
    l.mobile AS mobile,
    COALESCE(l.partner_name, a.name) AS company,
    c.connection || ':res.partner/' || CAST(a.id AS TEXT) AS account_key,
    COALESCE(
        c.connection || ':res.users/' || CAST(l.user_id AS TEXT), c.connection || ':crm.team/' || CAST(l.team_id AS TEXT)
    ) AS owner_key,
    CASE
        WHEN l.type = 'opportunity' THEN 'converted'
        WHEN NOT COALESCE(l.active, TRUE) AND CAST(l.probability AS DECIMAL(9, 6)) = 0 THEN 'disqualified'
        ELSE 'open'
    END AS status,
    CASE
        WHEN l.type = 'lead' AND NOT p.is_company THEN c.connection || ':res.partner/' || CAST(p.id AS TEXT)
    END AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CASE
        WHEN l.type = 'opportunity' THEN c.connection || ':crm.lead/' || CAST(l.id AS TEXT)
    END AS converted_opportunity_key,
    COALESCE(l.active, TRUE) AS is_active,
    l.create_date AS created_at
FROM raw.crm_lead AS l
LEFT JOIN raw.res_partner AS p ON p.id = l.partner_id
LEFT JOIN raw.res_partner AS a ON a.id = p.commercial_partner_id AND a.is_company
CROSS JOIN param.connection AS c
WHERE
    COALESCE(l.type, 'lead') = 'lead'
    OR (l.partner_id IS NULL AND COALESCE(l.email_from, l.phone, l.contact_name) IS NOT NULL)
