-- activity: meetings.
-- grain: one of them for each contact that it is about; about a deal or company only, one row. inputs: meetings,
-- meetings_to_contacts, meetings_to_companies, meetings_to_deals, account_info.
-- Most outcomes are never entered: a meeting counts unless it is known not to have been held.
-- Writing our own properties makes none, so nothing here is ours.
-- requires: meetings, meetings_to_contacts, meetings_to_companies, meetings_to_deals, account_info
SELECT
    c.connection || ':meetings/' || v.id || CASE WHEN v.place > 1 THEN '/' || v.contact_id ELSE '' END AS key,
    c.connection AS source,
    'meetings' AS object,
    v.id AS source_id,
    a.link || '/record/0-47/' || v.id AS url,
    v."updatedAt" AS updated_at,
    v._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'meeting' AS kind,
    c.connection || ':contacts/' || v.contact_id AS person_key,
    c.connection || ':companies/' || o.to_id AS account_key,
    c.connection || ':deals/' || d.to_id AS opportunity_key,
    c.connection || ':owners/' || v.hubspot_owner_id AS owner_key,
    v.done_at AS "at"
FROM (
    SELECT
        x.id,
        x."updatedAt",
        x._deleted_at,
        x.hubspot_owner_id,
        x.hs_timestamp AS done_at,
        k.to_id AS contact_id,
        ROW_NUMBER() OVER (PARTITION BY x.id ORDER BY k.to_id) AS place
    FROM raw.meetings AS x
    LEFT JOIN (
        SELECT DISTINCT n.from_id, n.to_id
        FROM raw.meetings_to_contacts AS n
        WHERE n._deleted_at IS NULL
    ) AS k ON k.from_id = x.id
    WHERE COALESCE(x.hs_meeting_outcome, 'SCHEDULED') NOT IN ('CANCELED', 'RESCHEDULED', 'NO_SHOW')
) AS v
LEFT JOIN (
    SELECT n.from_id, MIN(n.to_id) AS to_id
    FROM raw.meetings_to_companies AS n
    WHERE n._deleted_at IS NULL
    GROUP BY n.from_id
) AS o ON o.from_id = v.id
LEFT JOIN (
    SELECT n.from_id, MIN(n.to_id) AS to_id
    FROM raw.meetings_to_deals AS n
    WHERE n._deleted_at IS NULL
    GROUP BY n.from_id
) AS d ON d.from_id = v.id
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
