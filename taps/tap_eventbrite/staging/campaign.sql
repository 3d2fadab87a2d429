-- campaign: events, the dates of a series among them.
-- grain: one event. inputs: events.
-- Its days are those of the event's own zone. Capacity is what the room holds: only where the admin says so it is what is
-- expected. What an event cost is not in Eventbrite.
-- requires: events
SELECT
    c.connection || ':events/' || e.id AS key,
    c.connection AS source,
    'events' AS object,
    e.id AS source_id,
    'https://www.eventbrite.com/myevent?eid=' || e.id AS url,
    e.changed AS updated_at,
    e._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    e.name AS name,
    CAST(NULL AS TEXT) AS code,
    e.kind AS kind,
    CASE WHEN e.series_id IS NOT NULL THEN e.name END AS series,
    CASE WHEN e.series_id IS NOT NULL THEN CAST(e.start_date AS TEXT) END AS edition,
    e.start_date AS start_date,
    e.end_date AS end_date,
    CASE e.status
        WHEN 'canceled' THEN 'cancelled'
        WHEN 'ended' THEN 'completed'
        ELSE e.status
    END AS status,
    CAST(NULL AS DECIMAL(24, 6)) AS budget,
    CAST(NULL AS DECIMAL(24, 6)) AS actual_cost,
    COALESCE(e.currency, c.home_currency) AS currency,
    e.expected_attendees AS expected_attendees,
    e.same_as AS same_as,
    c.connection || ':organizers/' || e.organizer_id AS owner_key
FROM raw.events AS e
CROSS JOIN param.connection AS c
