-- person: contacts. Until sales accepts them they are leads.
-- grain: one contact, archived and merged ones too. inputs: contacts, contacts_to_companies, account_info.
-- The account is the primary company, which HubSpot keeps as an association and beside it in a property.
-- requires: contacts, contacts_to_companies, account_info
SELECT
    c.connection || ':contacts/' || k.id AS key,
    c.connection AS source,
    'contacts' AS object,
    k.id AS source_id,
    a.link || '/record/0-1/' || k.id AS url,
    k."updatedAt" AS updated_at,
    k._deleted_at AS deleted_at,
    c.connection || ':contacts/' || k.merged_into AS merged_into,
    CASE
        WHEN k.lifecyclestage IN ('subscriber', 'lead', 'marketingqualifiedlead') THEN 'lead'
        ELSE 'contact'
    END AS kind,
    NULLIF(TRIM(CONCAT_WS(' ', k.firstname, k.lastname)), '') AS name,
    k.firstname AS first_name,
    k.lastname AS last_name,
    k.email AS email,
    k.phone AS phone,
    k.mobilephone AS mobile,
    k.company AS company,
    c.connection || ':companies/' || COALESCE(l.to_id, k.associatedcompanyid) AS account_key,
    c.connection || ':owners/' || k.hubspot_owner_id AS owner_key,
    CASE
        WHEN k.hs_lead_status = 'UNQUALIFIED' THEN 'disqualified'
        WHEN k.lifecyclestage IN ('subscriber', 'lead', 'marketingqualifiedlead') THEN 'open'
    END AS status,
    CAST(NULL AS TEXT) AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    NOT COALESCE(k.archived, FALSE) AS is_active,
    k.hs_email_optout AS has_opted_out,
    COALESCE(k.createdate, k."createdAt") AS created_at
FROM raw.contacts AS k
LEFT JOIN (
    SELECT
        x.from_id,
        x.to_id,
        ROW_NUMBER() OVER (
            PARTITION BY x.from_id ORDER BY CASE WHEN x.type_id = 1 OR x.label = 'Primary' THEN 0 ELSE 1 END, x.to_id, x.key
        ) AS place
    FROM raw.contacts_to_companies AS x
    WHERE x._deleted_at IS NULL
) AS l ON l.from_id = k.id AND l.place = 1
CROSS JOIN (
    SELECT 'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
