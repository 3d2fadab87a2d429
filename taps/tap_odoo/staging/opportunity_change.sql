-- opportunity_change: changes of a deal's stage and expected revenue, from the record's own history.
-- grain: one mail.tracking.value. inputs: mail_tracking_value, crm_lead.
-- Odoo writes 0 for "no stage". Reading this model needs rights that sales managers do not have: it may be absent.
-- requires: mail_tracking_value, crm_lead
SELECT
    c.connection || ':mail.tracking.value/' || CAST(t.id AS TEXT) AS key,
    c.connection AS source,
    'mail.tracking.value' AS object,
    CAST(t.id AS TEXT) AS source_id,
    c.url || '/odoo/crm.lead/' || CAST(t.res_id AS TEXT) AS url,
    t.write_date AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':crm.lead/' || CAST(t.res_id AS TEXT) AS opportunity_key,
    t."at" AS changed_at,
    CASE WHEN t.field_name = 'stage_id' THEN 'stage' ELSE 'amount' END AS field,
    CASE
        WHEN t.field_name = 'stage_id' THEN c.connection || ':crm.stage/' || CAST(NULLIF(t.old_integer, 0) AS TEXT)
    END AS old_stage_key,
    CASE
        WHEN t.field_name = 'stage_id' THEN c.connection || ':crm.stage/' || CAST(NULLIF(t.new_integer, 0) AS TEXT)
    END AS new_stage_key,
    CASE WHEN t.field_name = 'expected_revenue' THEN CAST(t.old_float AS DECIMAL(24, 6)) END AS old_amount,
    CASE WHEN t.field_name = 'expected_revenue' THEN CAST(t.new_float AS DECIMAL(24, 6)) END AS new_amount
FROM raw.mail_tracking_value AS t
INNER JOIN raw.crm_lead AS l ON l.id = t.res_id AND l.type = 'opportunity'
CROSS JOIN param.connection AS c
WHERE t.model = 'crm.lead' AND t.field_name IN ('stage_id', 'expected_revenue')
