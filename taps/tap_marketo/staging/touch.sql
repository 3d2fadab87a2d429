-- touch: who is a member of a program, and with what status.
-- grain: one member of one program. inputs: program_members, program_statuses, programs, leads, activities.
-- What a status means is said by its channel, which may not have it any more: then by what the member itself tells. A
-- member with neither name nor e-mail is nobody. The time of attendance is when the status was changed to it, else when
-- success was reached: a list uploaded days later has the day of its upload, which is no day of the event and so no scan.
-- requires: program_members, program_statuses, programs, leads, activities
SELECT
    m.connection || ':program_members/' || m.key AS key,
    m.connection AS source,
    'program_members' AS object,
    m.key AS source_id,
    COALESCE(m.url, m.connection_url) AS url,
    m.updated_at,
    m._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    m.connection || ':programs/' || m.program_id AS campaign_key,
    CASE
        WHEN TRIM(CONCAT_WS('', m.email, m.first_name, m.last_name)) <> '' THEN m.connection || ':leads/' || m.lead_id
    END AS person_key,
    m.email,
    NULLIF(TRIM(CONCAT_WS(' ', m.first_name, m.last_name)), '') AS name,
    m.company,
    m.phone,
    m.status,
    CASE
        WHEN m.status = 'attended' AND CAST(m.done_at AT TIME ZONE m.zone AS DATE) BETWEEN m.first_day - 1 AND m.last_day + 1
            THEN m.done_at
    END AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    m.created_at
FROM (
    SELECT
        c.connection,
        c.url AS connection_url,
        x.key,
        x."programId" AS program_id,
        x."leadId" AS lead_id,
        x._deleted_at,
        COALESCE(x."updatedAt", x."membershipDate") AS updated_at,
        COALESCE(x."membershipDate", x."createdAt") AS created_at,
        COALESCE(s.touch_status, x.touch_status) AS status,
        COALESCE(v.changed_at, x."reachedSuccessDate") AS done_at,
        p.url,
        COALESCE(p.time_zone, 'UTC') AS zone,
        CAST(p."startDate" AT TIME ZONE COALESCE(p.time_zone, 'UTC') AS DATE) AS first_day,
        CAST(COALESCE(p."endDate", p."startDate") AT TIME ZONE COALESCE(p.time_zone, 'UTC') AS DATE) AS last_day,
        k.email,
        k."firstName" AS first_name,
        k."lastName" AS last_name,
        k.company,
        COALESCE(k.phone, k."mobilePhone") AS phone
    FROM raw.program_members AS x
    LEFT JOIN raw.programs AS p ON p.id = x."programId"
    LEFT JOIN raw.leads AS k ON k.id = x."leadId"
    LEFT JOIN (
        SELECT y.channel, y.name, MIN(y.touch_status) AS touch_status
        FROM raw.program_statuses AS y
        WHERE y._deleted_at IS NULL
        GROUP BY y.channel, y.name
    ) AS s ON s.channel = x.channel AND s.name = x."statusName"
    LEFT JOIN (
        SELECT y."leadId", y."primaryAttributeValueId", y.new_status, MIN(y."activityDate") AS changed_at
        FROM raw.activities AS y
        WHERE y."activityTypeId" = 104
        GROUP BY y."leadId", y."primaryAttributeValueId", y.new_status
    ) AS v ON v."leadId" = x."leadId" AND v."primaryAttributeValueId" = x."programId" AND v.new_status = x."statusName"
    CROSS JOIN param.connection AS c
) AS m
