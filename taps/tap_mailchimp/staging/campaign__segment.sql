-- campaign: tags and segments that stand for an event.
-- grain: one tag or segment. inputs: segments.
-- Only what the admin maps: any other is a list of people and no event. Its days, its money and its kind are the CRM's.
-- requires: segments
SELECT
    c.connection || ':segments/' || s.id AS key,
    c.connection AS source,
    'segments' AS object,
    s.id AS source_id,
    'https://admin.mailchimp.com/lists/segments/members?segment_id=' || s.id AS url,
    s.updated_at AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    s.name AS name,
    CAST(NULL AS TEXT) AS code,
    CAST(NULL AS TEXT) AS kind,
    CAST(NULL AS TEXT) AS series,
    CAST(NULL AS TEXT) AS edition,
    CAST(NULL AS DATE) AS start_date,
    CAST(NULL AS DATE) AS end_date,
    CAST(NULL AS TEXT) AS status,
    CAST(NULL AS DECIMAL(24, 6)) AS budget,
    CAST(NULL AS DECIMAL(24, 6)) AS actual_cost,
    c.home_currency AS currency,
    CAST(NULL AS BIGINT) AS expected_attendees,
    s.same_as AS same_as,
    CAST(NULL AS TEXT) AS owner_key
FROM raw.segments AS s
CROSS JOIN param.connection AS c
WHERE s.same_as IS NOT NULL
