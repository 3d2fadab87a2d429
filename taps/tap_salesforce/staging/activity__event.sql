-- activity: meetings and calls in our people's calendars.
-- grain: one Event. inputs: Event.
-- A child event is the copy in the calendar of somebody invited; the head of a series is a rule and took place nowhere. An
-- event of whole days has a day and no time: its start is midnight in UTC, which is the day before in the west.
-- requires: Event
SELECT
    c.connection || ':Event/' || e.Id AS key,
    c.connection AS source,
    'Event' AS object,
    e.Id AS source_id,
    c.url || '/lightning/r/Event/' || e.Id || '/view' AS url,
    e.SystemModstamp AS updated_at,
    e._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CASE
        WHEN LOWER(e.Type) LIKE '%call%' THEN 'call'
        WHEN LOWER(e.Type) LIKE '%mail%' THEN 'email'
        ELSE 'meeting'
    END AS kind,
    CASE
        WHEN e.WhoId LIKE '00Q%' THEN c.connection || ':Lead/' || e.WhoId
        WHEN e.WhoId LIKE '003%' THEN c.connection || ':Contact/' || e.WhoId
    END AS person_key,
    c.connection || ':Account/' || COALESCE(
        e.AccountId, CASE WHEN e.WhatId LIKE '001%' THEN e.WhatId END
    ) AS account_key,
    CASE WHEN e.WhatId LIKE '006%' THEN c.connection || ':Opportunity/' || e.WhatId END AS opportunity_key,
    c.connection || CASE WHEN e.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || e.OwnerId AS owner_key,
    COALESCE(
        CASE WHEN NOT COALESCE(e.IsAllDayEvent, FALSE) THEN COALESCE(e.StartDateTime, e.ActivityDateTime) END,
        (CAST(e.ActivityDate AS TIMESTAMP) + INTERVAL '12' HOUR) AT TIME ZONE 'UTC'
    ) AS "at"
FROM raw."Event" AS e
CROSS JOIN param.connection AS c
WHERE NOT COALESCE(e.IsChild, FALSE) AND NOT COALESCE(e.IsRecurrence, FALSE)
