-- owner: groups of agents, which tickets wait in.
-- grain: one group, deleted ones too. inputs: groups.
-- requires: groups
SELECT
    c.connection || ':groups/' || g.id AS key,
    c.connection AS source,
    'groups' AS object,
    g.id AS source_id,
    c.url || '/admin/people/team/groups' AS url,
    g.updated_at AS updated_at,
    g._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    g.name AS name,
    CAST(NULL AS TEXT) AS email,
    NOT COALESCE(g.deleted, FALSE) AS is_active,
    'queue' AS kind
FROM raw.groups AS g
CROSS JOIN param.connection AS c
