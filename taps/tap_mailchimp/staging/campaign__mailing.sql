-- campaign: mailings that were for an event.
-- grain: one mailing. inputs: campaigns.
-- Only what the admin maps: any other mailing is no event. Its days, its money and its kind are the CRM's.
-- requires: campaigns
SELECT
    c.connection || ':campaigns/' || s.id AS key,
    c.connection AS source,
    'campaigns' AS object,
    s.id AS source_id,
    'https://admin.mailchimp.com/campaigns/show?id=' || CAST(s.web_id AS TEXT) AS url,
    COALESCE(s.send_time, s.create_time) AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    COALESCE(s.title, s.subject_line) AS name,
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
FROM raw.campaigns AS s
CROSS JOIN param.connection AS c
WHERE s.same_as IS NOT NULL
