-- activity: calls, mails and tasks that our people have done.
-- grain: one closed Task. inputs: Task.
-- An open task is a plan. Without the time of its completion a task has its due day: noon UTC lies on that day in all but
-- the outermost zones. Its doer is its owner. Ids tell by their first three letters what they are.
-- requires: Task
SELECT
    c.connection || ':Task/' || t.Id AS key,
    c.connection AS source,
    'Task' AS object,
    t.Id AS source_id,
    c.url || '/lightning/r/Task/' || t.Id || '/view' AS url,
    t.SystemModstamp AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CASE
        WHEN t.TaskSubtype = 'Email' OR LOWER(t.Type) LIKE '%mail%' THEN 'email'
        WHEN t.TaskSubtype = 'Call' OR LOWER(t.Type) LIKE '%call%' THEN 'call'
        WHEN LOWER(t.Type) LIKE '%meeting%' THEN 'meeting'
        ELSE 'task'
    END AS kind,
    CASE
        WHEN t.WhoId LIKE '00Q%' THEN c.connection || ':Lead/' || t.WhoId
        WHEN t.WhoId LIKE '003%' THEN c.connection || ':Contact/' || t.WhoId
    END AS person_key,
    c.connection || ':Account/' || COALESCE(
        t.AccountId, CASE WHEN t.WhatId LIKE '001%' THEN t.WhatId END
    ) AS account_key,
    CASE WHEN t.WhatId LIKE '006%' THEN c.connection || ':Opportunity/' || t.WhatId END AS opportunity_key,
    c.connection || CASE WHEN t.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || t.OwnerId AS owner_key,
    COALESCE(
        t.CompletedDateTime, (CAST(t.ActivityDate AS TIMESTAMP) + INTERVAL '12' HOUR) AT TIME ZONE 'UTC', t.CreatedDate
    ) AS "at"
FROM raw."Task" AS t
CROSS JOIN param.connection AS c
WHERE t.IsClosed AND NOT COALESCE(t.IsRecurrence, FALSE)
