-- owner: agents and administrators of the support desk.
-- grain: one of them, those who left too. inputs: users.
-- requires: users
SELECT
    c.connection || ':users/' || u.id AS key,
    c.connection AS source,
    'users' AS object,
    u.id AS source_id,
    c.url || '/agent/users/' || u.id AS url,
    u.updated_at AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    COALESCE(u.name, u.email) AS name,
    u.email AS email,
    COALESCE(u.active, TRUE) AND NOT COALESCE(u.suspended, FALSE) AS is_active,
    'user' AS kind
FROM raw.users AS u
CROSS JOIN param.connection AS c
WHERE u.role <> 'end-user'
