-- campaign: marketing campaigns, which may stand for events kept elsewhere.
-- grain: one utm.campaign, archived ones too. inputs: utm_campaign.
-- Odoo keeps no dates on them. Budget, cost and headcount as for events: 0 means "not entered".
-- requires: utm_campaign
SELECT
    c.connection || ':utm.campaign/' || CAST(u.id AS TEXT) AS key,
    c.connection AS source,
    'utm.campaign' AS object,
    CAST(u.id AS TEXT) AS source_id,
    c.url || '/odoo/utm.campaign/' || CAST(u.id AS TEXT) AS url,
    u.write_date AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    COALESCE(u.title, u.name) AS name,
    u.code AS code,
    REPLACE(LOWER(u.kind), ' ', '_') AS kind,
    u.series AS series,
    u.edition AS edition,
    CAST(NULL AS DATE) AS start_date,
    CAST(NULL AS DATE) AS end_date,
    LOWER(u.stage_id_name) AS status,
    NULLIF(CAST(u.budget AS DECIMAL(24, 6)), 0) AS budget,
    NULLIF(CAST(u.actual_cost AS DECIMAL(24, 6)), 0) AS actual_cost,
    c.home_currency AS currency,
    NULLIF(CAST(u.expected_attendees AS BIGINT), 0) AS expected_attendees,
    CAST(NULL AS TEXT) AS same_as,
    c.connection || ':res.users/' || CAST(u.user_id AS TEXT) AS owner_key
FROM raw.utm_campaign AS u
CROSS JOIN param.connection AS c
