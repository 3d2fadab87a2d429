-- stage: the steps of the sales pipeline. Lost is not a step in Odoo: a lost deal keeps the stage where it was lost.
-- grain: one crm.stage. inputs: crm_stage.
-- requires: crm_stage
SELECT
    c.connection || ':crm.stage/' || CAST(s.id AS TEXT) AS key,
    c.connection AS source,
    'crm.stage' AS object,
    CAST(s.id AS TEXT) AS source_id,
    c.url || '/odoo/crm.stage/' || CAST(s.id AS TEXT) AS url,
    s.write_date AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    s.name AS name,
    s.sequence AS rank,
    COALESCE(s.is_won, FALSE) AS is_won,
    COALESCE(s.is_won, FALSE) AS is_closed
FROM raw.crm_stage AS s
CROSS JOIN param.connection AS c
