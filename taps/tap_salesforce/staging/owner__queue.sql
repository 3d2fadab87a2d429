-- owner: queues, where leads wait for somebody.
-- grain: one Group of type Queue. inputs: Group.
-- requires: Group
SELECT
    c.connection || ':Group/' || g.Id AS key,
    c.connection AS source,
    'Group' AS object,
    g.Id AS source_id,
    c.url || '/lightning/setup/Queues/page?address=%2Fp%2Fown%2FQueue%2Fd%3Fid%3D' || g.Id AS url,
    g.SystemModstamp AS updated_at,
    g._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    g.Name AS name,
    g.Email AS email,
    TRUE AS is_active,
    'queue' AS kind
FROM raw."Group" AS g
CROSS JOIN param.connection AS c
WHERE g.Type = 'Queue'
