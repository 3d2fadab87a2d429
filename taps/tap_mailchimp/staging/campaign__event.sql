-- campaign: names of members' events that stand for an event.
-- grain: one name. inputs: member_events.
-- Only what the admin maps. Its days, its money and its kind are the CRM's.
-- requires: member_events
SELECT
    c.connection || ':member_events/' || s.name AS key,
    c.connection AS source,
    'member_events' AS object,
    s.name AS source_id,
    'https://admin.mailchimp.com/audience/' AS url,
    MAX(s.occurred_at) AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
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
    MAX(s.same_as) AS same_as,
    CAST(NULL AS TEXT) AS owner_key
FROM raw.member_events AS s
CROSS JOIN param.connection AS c
WHERE s.same_as IS NOT NULL AND s._deleted_at IS NULL
GROUP BY c.connection, c.home_currency, s.name
