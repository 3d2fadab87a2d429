-- account: companies, and people who are accounts themselves.
-- grain: one Account. inputs: Account.
-- A merged account is a deleted one that names its master. A country is taken as a code, or from a text that is one.
-- requires: Account
SELECT
    c.connection || ':Account/' || a.Id AS key,
    c.connection AS source,
    'Account' AS object,
    a.Id AS source_id,
    c.url || '/lightning/r/Account/' || a.Id || '/view' AS url,
    a.SystemModstamp AS updated_at,
    a._deleted_at AS deleted_at,
    c.connection || ':Account/' || a.MasterRecordId AS merged_into,
    NULLIF(TRIM(a.Name), '[not provided]') AS name,
    COALESCE(a.email, a.PersonEmail) AS email,
    a.Website AS website,
    a.Phone AS phone,
    a.BillingStreet AS street,
    a.BillingCity AS city,
    a.BillingPostalCode AS postal_code,
    COALESCE(
        a.BillingCountryCode, CASE WHEN LENGTH(TRIM(a.BillingCountry)) = 2 THEN UPPER(TRIM(a.BillingCountry)) END
    ) AS country,
    a.tax_id AS tax_id,
    c.connection || ':Account/' || a.ParentId AS parent_key,
    a.external_id AS external_id,
    c.connection || CASE WHEN a.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || a.OwnerId AS owner_key,
    a.CreatedDate AS created_at
FROM raw."Account" AS a
CROSS JOIN param.connection AS c
