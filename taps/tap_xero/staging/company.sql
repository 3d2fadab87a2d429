-- company: the organisation and the currency that its books are in.
-- grain: one organisation. inputs: organisation.
-- requires: organisation
SELECT
    c.connection || ':Organisation/' || r.organisation_id AS key,
    c.connection AS source,
    'Organisation' AS object,
    r.organisation_id AS source_id,
    'https://go.xero.com/' AS url,
    r.created_date_utc AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.name AS name,
    r.base_currency AS currency
FROM raw.organisation AS r
CROSS JOIN param.connection AS c
