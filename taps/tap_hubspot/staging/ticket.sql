-- ticket: support tickets.
-- grain: one ticket. inputs: tickets, tickets_to_contacts, tickets_to_companies, pipeline_stages, account_info.
-- It is closed when its stage is. HubSpot has no mark of escalation: a stage whose name says so is one.
-- requires: tickets, tickets_to_contacts, tickets_to_companies, pipeline_stages, account_info
SELECT
    c.connection || ':tickets/' || k.id AS key,
    c.connection AS source,
    'tickets' AS object,
    k.id AS source_id,
    a.link || '/record/0-5/' || k.id AS url,
    k."updatedAt" AS updated_at,
    k._deleted_at AS deleted_at,
    c.connection || ':tickets/' || k.merged_into AS merged_into,
    c.connection || ':contacts/' || p.to_id AS person_key,
    c.connection || ':companies/' || o.to_id AS account_key,
    COALESCE(k.createdate, k."createdAt") AS opened_at,
    CASE
        WHEN s.is_closed OR k.closed_date IS NOT NULL THEN COALESCE(k.closed_date, k.hs_lastmodifieddate, k."updatedAt")
    END AS closed_at,
    LOWER(k.hs_ticket_priority) AS priority,
    COALESCE(LOWER(s.label) LIKE '%escalat%', FALSE) AS is_escalated,
    COALESCE(s.label, k.hs_pipeline_stage) AS status
FROM raw.tickets AS k
LEFT JOIN (
    SELECT
        x.pipeline_id,
        x.id,
        MAX(x.label) AS label,
        BOOL_OR(COALESCE(x.is_closed, FALSE)) AS is_closed
    FROM raw.pipeline_stages AS x
    WHERE x.object_type = 'tickets'
    GROUP BY x.pipeline_id, x.id
) AS s ON s.pipeline_id = k.hs_pipeline AND s.id = k.hs_pipeline_stage
LEFT JOIN (
    SELECT n.from_id, MIN(n.to_id) AS to_id
    FROM raw.tickets_to_contacts AS n
    WHERE n._deleted_at IS NULL
    GROUP BY n.from_id
) AS p ON p.from_id = k.id
LEFT JOIN (
    SELECT
        n.from_id,
        n.to_id,
        ROW_NUMBER() OVER (
            PARTITION BY n.from_id ORDER BY CASE WHEN n.label = 'Primary' THEN 0 ELSE 1 END, n.to_id, n.key
        ) AS place
    FROM raw.tickets_to_companies AS n
    WHERE n._deleted_at IS NULL
) AS o ON o.from_id = k.id AND o.place = 1
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
