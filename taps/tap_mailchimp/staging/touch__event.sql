-- touch: members of whom another system reported what stands for an event.
-- grain: one report. inputs: member_events, members.
-- What it makes of them the admin says; else they responded.
-- requires: member_events, members
SELECT
    c.connection || ':member_events/' || t.key AS key,
    c.connection AS source,
    'member_events' AS object,
    t.key AS source_id,
    'https://admin.mailchimp.com/audience/contact-profile?contact_id=' || m.contact_id AS url,
    t.occurred_at AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':member_events/' || t.name AS campaign_key,
    c.connection || ':members/' || m.key AS person_key,
    COALESCE(m.email_address, t.email_address) AS email,
    COALESCE(NULLIF(TRIM(CONCAT_WS(' ', m.first_name, m.last_name)), ''), m.full_name) AS name,
    m.company AS company,
    m.phone AS phone,
    t.touch_status AS status,
    t.occurred_at AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    t.occurred_at AS created_at
FROM raw.member_events AS t
LEFT JOIN raw.members AS m ON m.key = t.list_id || '/' || t.member_id
CROSS JOIN param.connection AS c
WHERE t.same_as IS NOT NULL
