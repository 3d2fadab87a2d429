-- touch: the people in the lists, who are known by what stands there and by nothing else.
-- grain: one row of a file. inputs: attendees, files.
-- A row that the corrected file no longer holds is gone: its reading is older than the file's.
-- requires: attendees, files
SELECT
    c.connection || ':attendee/' || a.id AS key,
    c.connection AS source,
    'attendee' AS object,
    a.id AS source_id,
    CAST(NULL AS TEXT) AS url,
    a.read_at AS updated_at,
    COALESCE(a._deleted_at, CASE WHEN a.read_at < f.read_at THEN f.read_at END) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':event/' || a.event AS campaign_key,
    CAST(NULL AS TEXT) AS person_key,
    a.email AS email,
    a.name AS name,
    a.company AS company,
    COALESCE(a.phone, a.mobile) AS phone,
    a.status AS status,
    a.occurred_at AS occurred_at,
    a.occurred_on AS occurred_on,
    a.read_at AS created_at
FROM raw.attendees AS a
LEFT JOIN raw.files AS f ON f.file = a.file
CROSS JOIN param.connection AS c
WHERE a.event IS NOT NULL
