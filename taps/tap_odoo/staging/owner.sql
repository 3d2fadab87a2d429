-- owner: who may own a lead, deal, account or event: users, and sales teams as queues.
-- grain: one internal res.users, one crm.team named on a lead. inputs: res_users, crm_lead.
-- A lead without a salesperson waits in its team: that team is the queue.
-- requires: res_users, crm_lead
SELECT
    c.connection || ':res.users/' || CAST(u.id AS TEXT) AS key,
    c.connection AS source,
    'res.users' AS object,
    CAST(u.id AS TEXT) AS source_id,
    c.url || '/odoo/res.users/' || CAST(u.id AS TEXT) AS url,
    u.write_date AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    u.name AS name,
    COALESCE(u.email, u.login) AS email,
    COALESCE(u.active, FALSE) AS is_active,
    'user' AS kind
FROM raw.res_users AS u
CROSS JOIN param.connection AS c
WHERE NOT COALESCE(u.share, FALSE)
UNION ALL
SELECT
    c.connection || ':crm.team/' || CAST(t.id AS TEXT) AS key,
    c.connection AS source,
    'crm.team' AS object,
    CAST(t.id AS TEXT) AS source_id,
    c.url || '/odoo/crm.team/' || CAST(t.id AS TEXT) AS url,
    t.updated_at AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    t.name AS name,
    CAST(NULL AS TEXT) AS email,
    TRUE AS is_active,
    'queue' AS kind
FROM (
    SELECT l.team_id AS id, MAX(l.team_id_name) AS name, MAX(l.write_date) AS updated_at
    FROM raw.crm_lead AS l
    WHERE l.team_id IS NOT NULL
    GROUP BY l.team_id
) AS t
CROSS JOIN param.connection AS c
