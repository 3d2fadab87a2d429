-- campaign: events.
-- grain: one event.event, archived ones too. inputs: event_event.
-- Odoo has no budget, cost or headcount on events: they come from mapped custom fields in the company's currency, where 0
-- means "not entered", because a number in Odoo cannot be empty. An event's days are those of its own time zone.
-- requires: event_event
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
    c.home_currency AS currency,
    NULLIF(CAST(e.expected_attendees AS BIGINT), 0) AS expected_attendees,
    CAST(NULL AS TEXT) AS same_as,
    c.connection || ':res.users/' || CAST(e.user_id AS TEXT) AS owner_key
FROM raw.event_event AS e
CROSS JOIN param.connection AS c
