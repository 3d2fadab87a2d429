-- touch: who ordered, where no attendee of the order is known.
-- grain: one order without attendees. inputs: orders, attendees, events.
-- The buyer is registered; whether they came nobody says. What was begun and never placed is nothing.
-- requires: orders, attendees, events
SELECT
    c.connection || ':orders/' || o.id AS key,
    c.connection AS source,
    'orders' AS object,
    o.id AS source_id,
    'https://www.eventbrite.com/myevent?eid=' || o.event_id AS url,
    o.changed AS updated_at,
    CASE WHEN o.status = 'deleted' THEN COALESCE(o._deleted_at, o.changed, o.created) ELSE o._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':events/' || o.event_id AS campaign_key,
    CAST(NULL AS TEXT) AS person_key,
    o.email AS email,
    o.name AS name,
    CAST(NULL AS TEXT) AS company,
    CAST(NULL AS TEXT) AS phone,
    CASE
        WHEN e.status = 'canceled' THEN 'cancelled'
        WHEN o.status IN ('placed', 'completed') THEN 'registered'
        WHEN o.status IN ('pending', 'unpaid') THEN 'invited'
        ELSE 'cancelled'
    END AS status,
    CAST(NULL AS TIMESTAMPTZ) AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    o.created AS created_at
FROM raw.orders AS o
LEFT JOIN raw.events AS e ON e.id = o.event_id
CROSS JOIN param.connection AS c
WHERE
    COALESCE(o.status, '') NOT IN ('started', 'abandoned')
    AND NOT EXISTS (SELECT 1 FROM raw.attendees AS t WHERE t.order_id = o.id)
