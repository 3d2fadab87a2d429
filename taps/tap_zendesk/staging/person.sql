-- person: those who write to the support desk; agents are owners.
-- grain: one end user, deleted ones too. inputs: users, organizations.
-- A support desk is no CRM: its users are subscribers, found in the CRM by their e-mail. Their organisation's name is kept
-- as their company, so that tickets of people whom the CRM lacks still find the account.
-- requires: users, organizations
SELECT
    c.connection || ':users/' || u.id AS key,
    c.connection AS source,
    'users' AS object,
    u.id AS source_id,
    c.url || '/agent/users/' || u.id AS url,
    u.updated_at AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'subscriber' AS kind,
    u.name AS name,
    CAST(NULL AS TEXT) AS first_name,
    CAST(NULL AS TEXT) AS last_name,
    u.email AS email,
    u.phone AS phone,
    CAST(NULL AS TEXT) AS mobile,
    o.name AS company,
    CAST(NULL AS TEXT) AS account_key,
    CAST(NULL AS TEXT) AS owner_key,
    CAST(NULL AS TEXT) AS status,
    CAST(NULL AS TEXT) AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    NOT COALESCE(u.suspended, FALSE) AS is_active,
    CAST(NULL AS BOOLEAN) AS has_opted_out,
    u.created_at AS created_at
FROM raw.users AS u
LEFT JOIN raw.organizations AS o ON o.id = u.organization_id AND o._deleted_at IS NULL
CROSS JOIN param.connection AS c
WHERE COALESCE(u.role, 'end-user') = 'end-user'
