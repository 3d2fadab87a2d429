-- owner: organizers, the profiles under which events are given.
-- grain: one organizer. inputs: organizers.
-- requires: organizers
SELECT
    c.connection || ':organizers/' || o.id AS key,
    c.connection AS source,
    'organizers' AS object,
    o.id AS source_id,
    o.url AS url,
    CAST(NULL AS TIMESTAMPTZ) AS updated_at,
    o._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    o.name AS name,
    CAST(NULL AS TEXT) AS email,
    TRUE AS is_active,
    'user' AS kind
FROM raw.organizers AS o
CROSS JOIN param.connection AS c
