-- ticket: support cases.
-- grain: one Case. inputs: Case.
-- A merged case is a deleted one that names its master.
-- requires: Case
SELECT
    c.connection || ':Case/' || k.Id AS key,
    c.connection AS source,
    'Case' AS object,
    k.Id AS source_id,
    c.url || '/lightning/r/Case/' || k.Id || '/view' AS url,
    k.SystemModstamp AS updated_at,
    k._deleted_at AS deleted_at,
    c.connection || ':Case/' || k.MasterRecordId AS merged_into,
    c.connection || ':Contact/' || k.ContactId AS person_key,
    c.connection || ':Account/' || k.AccountId AS account_key,
    k.CreatedDate AS opened_at,
    CASE WHEN k.IsClosed THEN COALESCE(k.ClosedDate, k.SystemModstamp) END AS closed_at,
    LOWER(k.Priority) AS priority,
    COALESCE(k.IsEscalated, FALSE) AS is_escalated,
    k.Status AS status
FROM raw."Case" AS k
CROSS JOIN param.connection AS c
