-- touch: who holds a ticket, and who came.
-- grain: one attendee, which is one ticket. inputs: attendees, orders, events, ticket_classes.
-- Who was checked in attended, whatever became of the money. Who was not did not come, where check-in was used at the event
-- and it is over. Where nobody gave the guests' names, the tickets carry the buyer's, or "Info Requested": of one order an
-- e-mail stands for one guest, the one who came first of all; the others are guests whose names nobody has. An order without
-- any name on its tickets is the buyer's.
-- requires: attendees, orders, events, ticket_classes
SELECT
    c.connection || ':attendees/' || v.id AS key,
    c.connection AS source,
    'attendees' AS object,
    v.id AS source_id,
    'https://www.eventbrite.com/myevent?eid=' || v.event_id AS url,
    v.changed AS updated_at,
    CASE WHEN v.status = 'Deleted' THEN COALESCE(v._deleted_at, v.changed, v.created) ELSE v._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':events/' || v.event_id AS campaign_key,
    CAST(NULL AS TEXT) AS person_key,
    CASE WHEN v.place = 1 THEN v.email END AS email,
    CASE WHEN v.place = 1 THEN v.name END AS name,
    CASE WHEN v.place = 1 THEN v.company END AS company,
    CASE WHEN v.place = 1 THEN v.phone END AS phone,
    CASE
        WHEN v.is_out THEN 'cancelled'
        WHEN v.checked_in THEN 'attended'
        WHEN v.status = 'Unpaid' THEN 'invited'
        WHEN v.is_over AND v.is_scanned THEN 'no_show'
        ELSE 'registered'
    END AS status,
    CASE WHEN v.checked_in THEN v.checked_in_at END AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    v.created AS created_at
FROM (
    SELECT
        n.*,
        CASE
            WHEN n.email IS NULL THEN 1
            ELSE ROW_NUMBER() OVER (
                PARTITION BY COALESCE(n.order_id, n.id), LOWER(n.email)
                ORDER BY CASE WHEN n.is_out THEN 2 WHEN n.checked_in THEN 0 ELSE 1 END, n.checked_in_at, LENGTH(n.id), n.id
            )
        END AS place
    FROM (
        SELECT
            t.id,
            t.event_id,
            t.order_id,
            t.status,
            t.created,
            t.changed,
            t.checked_in_at,
            t._deleted_at,
            COALESCE(t.checked_in, FALSE) AS checked_in,
            COALESCE(e.status IN ('ended', 'completed'), FALSE) AS is_over,
            COALESCE(s.is_scanned, FALSE) AS is_scanned,
            t._deleted_at IS NOT NULL
            OR (
                NOT COALESCE(t.checked_in, FALSE)
                AND (
                    COALESCE(t.cancelled, FALSE)
                    OR COALESCE(t.refunded, FALSE)
                    OR COALESCE(t.status IN ('Not Attending', 'Deleted', 'Transferred'), FALSE)
                    OR COALESCE(e.status = 'canceled', FALSE)
                )
            ) AS is_out,
            CASE WHEN s.is_named THEN t.email ELSE o.email END AS email,
            CASE
                WHEN NOT s.is_named THEN o.name
                WHEN LOWER(t.name) <> 'info requested' THEN t.name
            END AS name,
            t.company,
            COALESCE(t.cell_phone, t.work_phone) AS phone
        FROM raw.attendees AS t
        LEFT JOIN raw.events AS e ON e.id = t.event_id
        LEFT JOIN raw.orders AS o ON o.id = t.order_id
        LEFT JOIN raw.ticket_classes AS k ON k.id = t.ticket_class_id
        LEFT JOIN (
            SELECT
                x.id,
                MAX(
                    CASE
                        WHEN x.email IS NOT NULL OR LOWER(COALESCE(x.name, 'info requested')) <> 'info requested' THEN 1 ELSE 0
                    END
                ) OVER (PARTITION BY COALESCE(x.order_id, x.id)) = 1 AS is_named,
                MAX(CASE WHEN x.checked_in AND x._deleted_at IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY x.event_id) = 1
                    AS is_scanned
            FROM raw.attendees AS x
        ) AS s ON s.id = t.id
        WHERE COALESCE(k.is_guest, TRUE)
    ) AS n
) AS v
CROSS JOIN param.connection AS c
