-- stage: the steps of the deals' pipelines. A stage for lost deals is no step: it has no rank.
-- grain: one stage. inputs: pipeline_stages, account_info.
-- Won is closed with the probability 1. Pipelines stand in their order, one behind the other.
-- requires: pipeline_stages, account_info
SELECT
    c.connection || ':stages/' || s.id AS key,
    c.connection AS source,
    'stages' AS object,
    s.id AS source_id,
    REPLACE(a.link, '/contacts/', '/pipelines-settings/') || '/object/0-3/' || s.pipeline_id AS url,
    s."updatedAt" AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    s.label AS name,
    CASE
        WHEN NOT COALESCE(s.is_closed, FALSE) OR s.is_won
            THEN COALESCE(s.pipeline_display_order, 0) * 1000 + COALESCE(s.display_order, 0)
    END AS rank,
    COALESCE(s.is_won, FALSE) AS is_won,
    COALESCE(s.is_closed, FALSE) AS is_closed
FROM (
    SELECT
        x.*,
        x.is_closed AND CAST(x.probability AS DECIMAL(24, 12)) = 1 AS is_won,
        ROW_NUMBER() OVER (PARTITION BY x.id ORDER BY x.archived, x.key) AS place
    FROM raw.pipeline_stages AS x
    WHERE x.object_type = 'deals' AND x.id IS NOT NULL
) AS s
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
WHERE s.place = 1
