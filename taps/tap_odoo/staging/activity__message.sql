-- activity: what our people did: notes and mails on the record.
-- grain: one mail.message that a user wrote on a lead, deal, contact or company. inputs: mail_message, crm_lead, res_partner,
-- res_users.
-- Incoming mail and notifications (field tracking, assignments) are nobody's work, but a notification that names an activity
-- type is the trace of a done activity, which older versions delete. A message's author is whoever called the API; writing
-- our own fields posts none, so nothing here is ours.
-- requires: mail_message, crm_lead, res_partner, res_users
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
        'mail.message' AS object,
        m.id,
        m.write_date,
        m._deleted_at,
        m.model,
        m.res_id,
        COALESCE(LOWER(m.mail_activity_type_id_name), CASE WHEN m.message_type LIKE 'email%' THEN 'mail' END) AS type_name,
        u.id AS user_id,
        m.date AS done_at
    FROM raw.mail_message AS m
    INNER JOIN (
        -- User 1 is the server itself.
        SELECT x.partner_id, MIN(x.id) AS id
        FROM raw.res_users AS x
        WHERE NOT COALESCE(x.share, FALSE) AND x.id <> 1
        GROUP BY x.partner_id
    ) AS u ON u.partner_id = m.author_id
    WHERE
        m.model IN ('crm.lead', 'res.partner')
        AND (m.message_type IN ('comment', 'email_outgoing', 'sms') OR m.mail_activity_type_id IS NOT NULL)
) AS d
LEFT JOIN raw.crm_lead AS l ON d.model = 'crm.lead' AND l.id = d.res_id
LEFT JOIN raw.res_partner AS p ON p.id = CASE WHEN d.model = 'res.partner' THEN d.res_id ELSE l.partner_id END
LEFT JOIN raw.res_partner AS a ON a.id = p.commercial_partner_id AND a.is_company
CROSS JOIN param.connection AS c
