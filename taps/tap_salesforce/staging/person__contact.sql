-- person: contacts, those behind person accounts too.
-- grain: one Contact. inputs: Contact, Account.
-- A merged contact is a deleted one that names its master. A person account's name is the person's, no company's.
-- requires: Contact, Account
SELECT
    c.connection || ':Contact/' || k.Id AS key,
    c.connection AS source,
    'Contact' AS object,
    k.Id AS source_id,
    c.url || '/lightning/r/Contact/' || k.Id || '/view' AS url,
    k.SystemModstamp AS updated_at,
    k._deleted_at AS deleted_at,
    c.connection || ':Contact/' || k.MasterRecordId AS merged_into,
    'contact' AS kind,
    NULLIF(TRIM(CONCAT_WS(' ', k.FirstName, NULLIF(TRIM(k.LastName), '[not provided]'))), '') AS name,
    k.FirstName AS first_name,
    NULLIF(TRIM(k.LastName), '[not provided]') AS last_name,
    k.Email AS email,
    k.Phone AS phone,
    k.MobilePhone AS mobile,
    CASE
        WHEN NOT COALESCE(a.IsPersonAccount, k.IsPersonAccount, FALSE) THEN NULLIF(TRIM(a.Name), '[not provided]')
    END AS company,
    c.connection || ':Account/' || k.AccountId AS account_key,
    c.connection || CASE WHEN k.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || k.OwnerId AS owner_key,
    CAST(NULL AS TEXT) AS status,
    CAST(NULL AS TEXT) AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    TRUE AS is_active,
    k.HasOptedOutOfEmail AS has_opted_out,
    k.CreatedDate AS created_at
FROM raw."Contact" AS k
LEFT JOIN raw."Account" AS a ON a.Id = k.AccountId
CROSS JOIN param.connection AS c
