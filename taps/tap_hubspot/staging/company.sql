-- company: the account and its currency. HubSpot does not tell the company's name.
-- grain: one account. inputs: account_info.
-- requires: account_info
SELECT
    c.connection || ':account_info/' || r."portalId" AS key,
    c.connection AS source,
    'account_info' AS object,
    r."portalId" AS source_id,
    'https://' || COALESCE(r."uiDomain", 'app.hubspot.com') || '/settings/' || r."portalId" AS url,
    CAST(NULL AS TIMESTAMPTZ) AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'HubSpot ' || r."portalId" AS name,
    r."companyCurrency" AS currency
FROM raw.account_info AS r
CROSS JOIN param.connection AS c
