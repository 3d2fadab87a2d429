-- activity: what our people did: scheduled activities, done.
-- grain: one done mail.activity on a lead, deal, contact or company. inputs: mail_activity, crm_lead, res_partner.
-- A done activity is archived and keeps a date only: noon UTC lies on that day in all but the outermost zones. Its doer is
-- the assignee.
-- requires: mail_activity, crm_lead, res_partner
SELECT
    c.connection || ':' || d.object || '/' || CAST(d.id AS TEXT) AS key,
    c.connection AS source,
    d.object AS object,
    CAST(d.id AS TEXT) AS source_id,
    c.url || '/odoo/' || d.model || '/' || CAST(d.res_id AS TEXT) AS url,
    d.write_date AS updated_at,
    d._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CASE
        WHEN d.type_name LIKE '%call%' THEN 'call'
        WHEN d.type_name LIKE '%meeting%' THEN 'meeting'
        WHEN d.type_name LIKE '%mail%' THEN 'email'
        ELSE 'task'
    END AS kind,
    CASE
        WHEN COALESCE(l.type, '') = 'lead' THEN c.connection || ':crm.lead/' || CAST(l.id AS TEXT)
        WHEN NOT COALESCE(p.is_company, FALSE) THEN c.connection || ':res.partner/' || CAST(p.id AS TEXT)
    END AS person_key,
    c.connection || ':res.partner/' || CAST(CASE WHEN p.is_company THEN p.id ELSE a.id END AS TEXT) AS account_key,
    CASE
        WHEN l.type = 'opportunity' THEN c.connection || ':crm.lead/' || CAST(l.id AS TEXT)
    END AS opportunity_key,
    c.connection || ':res.users/' || CAST(d.user_id AS TEXT) AS owner_key,
    d.done_at AS "at"
FROM (
    SELECT
        'mail.activity' AS object,
        m.id,
        m.write_date,
        m._deleted_at,
        m.res_model AS model,
        m.res_id,
        LOWER(m.activity_type_id_name) AS type_name,
        m.user_id,
        (CAST(m.date_done AS TIMESTAMP) + INTERVAL '12' HOUR) AT TIME ZONE 'UTC' AS done_at
    FROM raw.mail_activity AS m
    WHERE m.date_done IS NOT NULL AND m.res_model IN ('crm.lead', 'res.partner')
) AS d
LEFT JOIN raw.crm_lead AS l ON d.model = 'crm.lead' AND l.id = d.res_id
LEFT JOIN raw.res_partner AS p ON p.id = CASE WHEN d.model = 'res.partner' THEN d.res_id ELSE l.partner_id END
LEFT JOIN raw.res_partner AS a ON a.id = p.commercial_partner_id AND a.is_company
CROSS JOIN param.connection AS c
