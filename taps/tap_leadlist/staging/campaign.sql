-- campaign: the events that the lists are of.
-- grain: one event. inputs: attendees, files.
-- A list knows the event's name, or what its file is called, and the days on which people were scanned. `same_as` is the CRM's
-- campaign as the settings name it; `code` lets a file that is called after the campaign's code find it too.
-- requires: attendees, files
SELECT
    c.connection || ':event/' || e.event AS key,
    c.connection AS source,
    'event' AS object,
    e.event AS source_id,
    CAST(NULL AS TEXT) AS url,
    e.updated_at AS updated_at,
    CASE WHEN e.alive = 0 THEN e.replaced_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    e.event AS name,
    e.event AS code,
    e.campaign AS same_as,
    CAST(NULL AS TEXT) AS kind,
    CAST(NULL AS TEXT) AS series,
    CAST(NULL AS TEXT) AS edition,
    e.first_day AS start_date,
    e.last_day AS end_date,
    CAST(NULL AS TEXT) AS status,
    CAST(NULL AS DECIMAL(24, 6)) AS budget,
    CAST(NULL AS DECIMAL(24, 6)) AS actual_cost,
    CAST(NULL AS TEXT) AS currency,
    CAST(NULL AS BIGINT) AS expected_attendees,
    CAST(NULL AS TEXT) AS owner_key
FROM (
    SELECT
        a.event,
        MAX(CASE WHEN a.read_at < f.read_at THEN NULL ELSE a.campaign END) AS campaign,
        MIN(CASE WHEN a.read_at < f.read_at THEN NULL ELSE a.occurred_on END) AS first_day,
        MAX(CASE WHEN a.read_at < f.read_at THEN NULL ELSE a.occurred_on END) AS last_day,
        MAX(a.read_at) AS updated_at,
        MAX(f.read_at) AS replaced_at,
        SUM(CASE WHEN a.read_at < f.read_at THEN 0 ELSE 1 END) AS alive
    FROM raw.attendees AS a
    LEFT JOIN raw.files AS f ON f.file = a.file
    WHERE a.event IS NOT NULL
    GROUP BY a.event
) AS e
CROSS JOIN param.connection AS c
