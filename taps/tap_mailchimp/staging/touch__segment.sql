-- touch: members of a tag or segment that stands for an event.
-- grain: one member of one tag or segment. inputs: segment_members, segments, members.
-- What they are there the admin says; else they were invited. Who was archived since leaves the segment, and was there.
-- requires: segment_members, segments, members
SELECT
    c.connection || ':segment_members/' || t.key AS key,
    c.connection AS source,
    'segment_members' AS object,
    t.key AS source_id,
    'https://admin.mailchimp.com/lists/segments/members?segment_id=' || t.segment_id AS url,
    m.last_changed AS updated_at,
    CASE WHEN COALESCE(m.status, '') <> 'archived' THEN t._deleted_at END AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':segments/' || t.segment_id AS campaign_key,
    c.connection || ':members/' || m.key AS person_key,
    COALESCE(m.email_address, t.email_address) AS email,
    COALESCE(NULLIF(TRIM(CONCAT_WS(' ', m.first_name, m.last_name)), ''), m.full_name) AS name,
    m.company AS company,
    m.phone AS phone,
    s.touch_status AS status,
    CAST(NULL AS TIMESTAMPTZ) AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    CAST(NULL AS TIMESTAMPTZ) AS created_at
FROM raw.segment_members AS t
INNER JOIN raw.segments AS s ON s.id = t.segment_id AND s.same_as IS NOT NULL
LEFT JOIN raw.members AS m ON m.key = t.list_id || '/' || t.member_id
CROSS JOIN param.connection AS c
