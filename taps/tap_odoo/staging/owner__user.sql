-- owner: users who may own a lead, deal, account or event.
-- grain: one internal res.users. inputs: res_users.
-- requires: res_users
SELECT
    c.connection || ':res.users/' || CAST(u.id AS TEXT) AS key,
    c.connection AS source,
    'res.users' AS object,
    CAST(u.id AS TEXT) AS source_id,
    c.url || '/odoo/res.users/' || CAST(u.id AS TEXT) AS url,
    u.write_date AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    u.name AS name,
    COALESCE(u.email, u.login) AS email,
    COALESCE(u.active, FALSE) AS is_active,
    'user' AS kind
FROM raw.res_users AS u
CROSS JOIN param.connection AS c
WHERE NOT COALESCE(u.share, FALSE)
