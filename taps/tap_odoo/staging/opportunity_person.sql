-- opportunity_person: the contact of a deal. Odoo knows one, without a named role.
-- grain: one crm.lead of type opportunity whose partner is a person. inputs: crm_lead, res_partner.
-- requires: crm_lead, res_partner
SELECT
    c.connection || ':crm.lead/' || CAST(l.id AS TEXT) || '/partner' AS key,
    c.connection AS source,
    'crm.lead' AS object,
    CAST(l.id AS TEXT) AS source_id,
    c.url || '/odoo/crm.lead/' || CAST(l.id AS TEXT) AS url,
    l.write_date AS updated_at,
    l._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':crm.lead/' || CAST(l.id AS TEXT) AS opportunity_key,
    c.connection || ':res.partner/' || CAST(p.id AS TEXT) AS person_key,
    'contact' AS role
FROM raw.crm_lead AS l
INNER JOIN raw.res_partner AS p ON p.id = l.partner_id AND NOT COALESCE(p.is_company, FALSE)
CROSS JOIN param.connection AS c
WHERE l.type = 'opportunity'
