-- touch: who took part in a marketing event.
-- grain: one participation. inputs: participations, contacts, marketing_events, account_info.
-- A contact with neither name nor e-mail is nobody: HubSpot needs one for every participant. The time of attendance is
-- what the app reported: a list uploaded days later has the day of its upload, which is no day of the event and so no scan.
-- requires: participations, contacts, marketing_events, account_info
SELECT
    c.connection || ':participations/' || p.id AS key,
    c.connection AS source,
    'participations' AS object,
    p.id AS source_id,
    a.link || '/record/0-54/' || p.marketing_event_id AS url,
    p."createdAt" AS updated_at,
    p._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':marketing_events/' || p.marketing_event_id AS campaign_key,
    CASE
        WHEN TRIM(CONCAT_WS('', p.email, p.firstname, p.lastname, k.email, k.firstname, k.lastname)) <> ''
            THEN c.connection || ':contacts/' || p.contact_id
    END AS person_key,
    COALESCE(p.email, k.email) AS email,
    NULLIF(TRIM(CONCAT_WS(' ', COALESCE(p.firstname, k.firstname), COALESCE(p.lastname, k.lastname))), '') AS name,
    k.company AS company,
    COALESCE(k.phone, k.mobilephone) AS phone,
    p.touch_status AS status,
    CASE
        WHEN
            p.touch_status = 'attended'
            AND CAST(p."occurredAt" AT TIME ZONE a.zone AS DATE)
            BETWEEN CAST(e."startDateTime" AT TIME ZONE a.zone AS DATE) - 1
            AND CAST(COALESCE(e."endDateTime", e."startDateTime") AT TIME ZONE a.zone AS DATE) + 1
            THEN p."occurredAt"
    END AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    p."createdAt" AS created_at
FROM raw.participations AS p
LEFT JOIN raw.contacts AS k ON k.id = p.contact_id
LEFT JOIN raw.marketing_events AS e ON e."objectId" = p.marketing_event_id
CROSS JOIN (
    SELECT
        COALESCE(MAX(x."timeZone"), 'UTC') AS zone,
        'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
