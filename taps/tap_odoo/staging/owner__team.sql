-- owner: sales teams as queues: a lead without a salesperson waits in its team.
-- grain: one crm.team named on a lead. inputs: crm_lead.
-- requires: crm_lead
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
