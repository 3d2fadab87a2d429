-- touch: who got a mailing that was for an event, and who clicked in it.
-- grain: one reader of one mailing. inputs: email_activity, campaigns, members.
-- Who clicked responded, at the first click. Opening says little: programs open mail, too. What bounced reached nobody.
-- requires: email_activity, campaigns, members
SELECT
    c.connection || ':email_activity/' || t.key AS key,
    c.connection AS source,
    'email_activity' AS object,
    t.key AS source_id,
    'https://admin.mailchimp.com/reports/summary?id=' || CAST(s.web_id AS TEXT) AS url,
    COALESCE(t.first_click, t.first_open, s.send_time) AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':campaigns/' || t.campaign_id AS campaign_key,
    c.connection || ':members/' || m.key AS person_key,
    COALESCE(m.email_address, t.email_address) AS email,
    COALESCE(NULLIF(TRIM(CONCAT_WS(' ', m.first_name, m.last_name)), ''), m.full_name) AS name,
    m.company AS company,
    m.phone AS phone,
    CASE WHEN t.clicks > 0 THEN 'responded' ELSE 'invited' END AS status,
    CASE WHEN t.clicks > 0 THEN t.first_click ELSE s.send_time END AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    s.send_time AS created_at
FROM raw.email_activity AS t
INNER JOIN raw.campaigns AS s ON s.id = t.campaign_id AND s.same_as IS NOT NULL
LEFT JOIN raw.members AS m ON m.key = t.list_id || '/' || t.email_id
CROSS JOIN param.connection AS c
WHERE t.clicks > 0 OR NOT COALESCE(t.bounced, FALSE)
