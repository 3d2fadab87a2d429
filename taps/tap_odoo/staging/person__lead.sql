-- person: leads, and deals that carry their person without a contact record.
-- grain: one crm.lead. inputs: crm_lead, res_partner, res_company.
-- A converted lead stays the same record with type opportunity; where it has a partner, the partner is the person. A lead's
-- title is not its person's name.
-- requires: crm_lead, res_partner, res_company
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
    CAST(NULL AS BOOLEAN) AS has_opted_out,
    l.create_date AS created_at
FROM raw.crm_lead AS l
LEFT JOIN raw.res_partner AS p ON p.id = l.partner_id
LEFT JOIN (
    SELECT x.id, x.name
    FROM raw.res_partner AS x
    WHERE x.is_company AND NOT EXISTS (SELECT 1 FROM raw.res_company AS o WHERE o.partner_id = x.id)
) AS a ON a.id = p.commercial_partner_id
CROSS JOIN param.connection AS c
WHERE
    COALESCE(l.type, 'lead') = 'lead'
    OR (l.partner_id IS NULL AND COALESCE(l.email_from, l.phone, l.contact_name) IS NOT NULL)
