-- opportunity_person: the contacts of a deal; the label is the role.
-- grain: one contact of a deal, whatever number of labels. inputs: deals_to_contacts, account_info.
-- Every labelled association has an unlabelled one beside it.
-- requires: deals_to_contacts, account_info
SELECT
    c.connection || ':deals/' || r.from_id || '/contacts/' || r.to_id AS key,
    c.connection AS source,
    'deals' AS object,
    r.from_id AS source_id,
    a.link || '/record/0-3/' || r.from_id AS url,
    CAST(NULL AS TIMESTAMPTZ) AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':deals/' || r.from_id AS opportunity_key,
    c.connection || ':contacts/' || r.to_id AS person_key,
    COALESCE(LOWER(r.label), 'contact') AS role
FROM (
    SELECT x.from_id, x.to_id, MIN(x.label) AS label
    FROM raw.deals_to_contacts AS x
    WHERE x._deleted_at IS NULL AND x.from_id IS NOT NULL AND x.to_id IS NOT NULL
    GROUP BY x.from_id, x.to_id
) AS r
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
