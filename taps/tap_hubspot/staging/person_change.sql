-- person_change: when a contact's primary company changed, from the property's own history.
-- grain: one entry of the history of a contact's company, of contacts that have more than one. inputs: contact_history,
-- account_info.
-- What a contact has always had is no change; where there are several, the first says since when. HubSpot keeps the newest
-- 45 or so of a property's values.
-- requires: contact_history, account_info
SELECT
    c.connection || ':changes/' || h.id || ':' || h.property || ':' || h.ms AS key,
    c.connection AS source,
    'changes' AS object,
    h.id || ':' || h.property || ':' || h.ms AS source_id,
    a.link || '/record/0-1/' || h.id AS url,
    h.timestamp AS updated_at,
    h._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':contacts/' || h.id AS person_key,
    h.timestamp AS changed_at,
    'account' AS field,
    c.connection || ':companies/' || h.old_value AS old_account_key,
    c.connection || ':companies/' || h.value AS new_account_key
FROM (
    SELECT
        x.id,
        x.property,
        x.timestamp,
        x._deleted_at,
        NULLIF(x.value, '') AS value,
        CAST(CAST(EXTRACT(EPOCH FROM x.timestamp) * 1000 AS BIGINT) AS TEXT) AS ms,
        LAG(NULLIF(x.value, '')) OVER (PARTITION BY x.id, x.property ORDER BY x.timestamp, x.key) AS old_value,
        COUNT(*) OVER (PARTITION BY x.id, x.property) AS entries,
        ROW_NUMBER() OVER (PARTITION BY x.id, x.property, x.timestamp ORDER BY x.key DESC) AS repeated
    FROM raw.contact_history AS x
    WHERE x.object = 'contacts' AND x.property = 'associatedcompanyid' AND x._deleted_at IS NULL
) AS h
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
WHERE h.entries > 1 AND h.repeated = 1 AND COALESCE(h.value, '') <> COALESCE(h.old_value, '')
