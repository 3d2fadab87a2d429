-- campaign: event campaigns: every event, and every marketing campaign (UTM), which may stand for events kept elsewhere.
-- grain: one event.event or utm.campaign, archived ones too. inputs: event_event, utm_campaign.
-- Odoo has no budget, cost or headcount on either: they come from mapped custom fields, where 0 means "not entered",
-- because a number in Odoo cannot be empty. An event's days are those of its own time zone.
-- requires: event_event, utm_campaign
SELECT
    c.connection || ':event.event/' || CAST(e.id AS TEXT) AS key,
    c.connection AS source,
    'event.event' AS object,
    CAST(e.id AS TEXT) AS source_id,
    c.url || '/odoo/event.event/' || CAST(e.id AS TEXT) AS url,
    e.write_date AS updated_at,
    e._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    e.name AS name,
    e.code AS code,
    REPLACE(LOWER(COALESCE(e.kind, e.event_type_id_name)), ' ', '_') AS kind,
    e.series AS series,
    e.edition AS edition,
    CAST(e.date_begin AT TIME ZONE COALESCE(e.date_tz, 'UTC') AS DATE) AS start_date,
    CAST(e.date_end AT TIME ZONE COALESCE(e.date_tz, 'UTC') AS DATE) AS end_date,
    LOWER(e.stage_id_name) AS status,
    NULLIF(CAST(e.budget AS DECIMAL(24, 6)), 0) AS budget,
    NULLIF(CAST(e.actual_cost AS DECIMAL(24, 6)), 0) AS actual_cost,
    COALESCE(e.currency_id_name, c.home_currency) AS currency,
    NULLIF(CAST(e.expected_attendees AS BIGINT), 0) AS expected_attendees,
    c.connection || ':res.users/' || CAST(e.user_id AS TEXT) AS owner_key
FROM raw.event_event AS e
CROSS JOIN param.connection AS c
UNION ALL
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
    COALESCE(u.currency_id_name, c.home_currency) AS currency,
    NULLIF(CAST(u.expected_attendees AS BIGINT), 0) AS expected_attendees,
    c.connection || ':res.users/' || CAST(u.user_id AS TEXT) AS owner_key
FROM raw.utm_campaign AS u
CROSS JOIN param.connection AS c
