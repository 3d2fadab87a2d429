-- ticket: support tickets.
-- grain: one ticket, deleted ones too. inputs: tickets.
-- A ticket is done when it is solved or closed. The account is that of its requester: an organisation of the support desk is
-- no account of the CRM.
-- requires: tickets
SELECT
    c.connection || ':tickets/' || t.id AS key,
    c.connection AS source,
    'tickets' AS object,
    t.id AS source_id,
    c.url || '/agent/tickets/' || t.id AS url,
    t.updated_at AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':users/' || t.requester_id AS person_key,
    CAST(NULL AS TEXT) AS account_key,
    t.created_at AS opened_at,
    CASE WHEN t.status IN ('solved', 'closed') THEN COALESCE(t.solved_at, t.updated_at) END AS closed_at,
    t.priority AS priority,
    COALESCE(t.is_escalated, FALSE) AS is_escalated,
    t.status AS status
FROM raw.tickets AS t
CROSS JOIN param.connection AS c
