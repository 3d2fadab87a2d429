-- owner: users and queues that may own a record.
-- grain: one owner, those who left too. inputs: owners, account_info.
-- requires: owners, account_info
SELECT
    c.connection || ':owners/' || o.id AS key,
    c.connection AS source,
    'owners' AS object,
    o.id AS source_id,
    REPLACE(a.link, '/contacts/', '/settings/') || '/users' AS url,
    o."updatedAt" AS updated_at,
    o._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    COALESCE(NULLIF(TRIM(CONCAT_WS(' ', o."firstName", o."lastName")), ''), o.email) AS name,
    o.email AS email,
    NOT COALESCE(o.archived, FALSE) AS is_active,
    CASE WHEN o.type = 'QUEUE' THEN 'queue' ELSE 'user' END AS kind
FROM raw.owners AS o
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
