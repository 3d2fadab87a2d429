-- opportunity_change: changes of a deal's stage and amount, from the properties' own history.
-- grain: one entry of a property's history but the first, which is the value that the deal began with. inputs:
-- property_history, account_info.
-- requires: property_history, account_info
SELECT
    c.connection || ':changes/' || h.id || ':' || h.property || ':' || h.ms AS key,
    c.connection AS source,
    'changes' AS object,
    h.id || ':' || h.property || ':' || h.ms AS source_id,
    a.link || '/record/0-3/' || h.id AS url,
    h.timestamp AS updated_at,
    h._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':deals/' || h.id AS opportunity_key,
    h.timestamp AS changed_at,
    CASE WHEN h.property = 'dealstage' THEN 'stage' ELSE 'amount' END AS field,
    CASE WHEN h.property = 'dealstage' THEN c.connection || ':stages/' || h.old_value END AS old_stage_key,
    CASE WHEN h.property = 'dealstage' THEN c.connection || ':stages/' || h.value END AS new_stage_key,
    CASE WHEN h.property = 'amount' THEN CAST(h.old_value AS DECIMAL(24, 6)) END AS old_amount,
    CASE WHEN h.property = 'amount' THEN CAST(h.value AS DECIMAL(24, 6)) END AS new_amount
FROM (
    SELECT
        x.id,
        x.property,
        x.timestamp,
        x._deleted_at,
        NULLIF(x.value, '') AS value,
        CAST(CAST(EXTRACT(EPOCH FROM x.timestamp) * 1000 AS BIGINT) AS TEXT) AS ms,
        LAG(NULLIF(x.value, '')) OVER (PARTITION BY x.id, x.property ORDER BY x.timestamp, x.key) AS old_value,
        ROW_NUMBER() OVER (PARTITION BY x.id, x.property ORDER BY x.timestamp, x.key) AS place,
        ROW_NUMBER() OVER (PARTITION BY x.id, x.property, x.timestamp ORDER BY x.key DESC) AS repeated
    FROM raw.property_history AS x
    WHERE x.object = 'deals' AND x.property IN ('dealstage', 'amount') AND x._deleted_at IS NULL
) AS h
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
WHERE h.place > 1 AND h.repeated = 1 AND COALESCE(h.value, '') <> COALESCE(h.old_value, '')
