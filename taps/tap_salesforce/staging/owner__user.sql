-- owner: users who may own a lead, deal, account or campaign.
-- grain: one User. inputs: User.
-- requires: User
SELECT
    c.connection || ':User/' || u.Id AS key,
    c.connection AS source,
    'User' AS object,
    u.Id AS source_id,
    c.url || '/lightning/r/User/' || u.Id || '/view' AS url,
    u.SystemModstamp AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    u.Name AS name,
    u.Email AS email,
    COALESCE(u.IsActive, FALSE) AS is_active,
    'user' AS kind
FROM raw."User" AS u
CROSS JOIN param.connection AS c
