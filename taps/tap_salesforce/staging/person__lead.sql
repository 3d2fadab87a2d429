-- person: leads, converted and merged ones too.
-- grain: one Lead. inputs: Lead.
-- Salesforce insists on a last name and a company: `[not provided]` is its own word for none. A merged lead is a deleted
-- one that names its master. Closed without conversion counts as disqualified, whatever the org calls it.
-- requires: Lead
SELECT
    c.connection || ':Lead/' || l.Id AS key,
    c.connection AS source,
    'Lead' AS object,
    l.Id AS source_id,
    c.url || '/lightning/r/Lead/' || l.Id || '/view' AS url,
    l.SystemModstamp AS updated_at,
    l._deleted_at AS deleted_at,
    c.connection || ':Lead/' || l.MasterRecordId AS merged_into,
    'lead' AS kind,
    NULLIF(TRIM(CONCAT_WS(' ', l.FirstName, NULLIF(TRIM(l.LastName), '[not provided]'))), '') AS name,
    l.FirstName AS first_name,
    NULLIF(TRIM(l.LastName), '[not provided]') AS last_name,
    l.Email AS email,
    l.Phone AS phone,
    l.MobilePhone AS mobile,
    NULLIF(TRIM(l.Company), '[not provided]') AS company,
    CAST(NULL AS TEXT) AS account_key,
    c.connection || CASE WHEN l.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || l.OwnerId AS owner_key,
    CASE
        WHEN l.IsConverted THEN 'converted'
        WHEN LOWER(l.Status) LIKE '%not converted%' OR LOWER(l.Status) LIKE '%qualified out%' THEN 'disqualified'
        WHEN LOWER(l.Status) LIKE '%unqualified%' OR LOWER(l.Status) LIKE '%disqualified%' THEN 'disqualified'
        ELSE 'open'
    END AS status,
    CASE WHEN l.IsConverted THEN c.connection || ':Contact/' || l.ConvertedContactId END AS converted_person_key,
    CASE WHEN l.IsConverted THEN c.connection || ':Account/' || l.ConvertedAccountId END AS converted_account_key,
    CASE
        WHEN l.IsConverted THEN c.connection || ':Opportunity/' || l.ConvertedOpportunityId
    END AS converted_opportunity_key,
    TRUE AS is_active,
    l.HasOptedOutOfEmail AS has_opted_out,
    l.CreatedDate AS created_at
FROM raw."Lead" AS l
CROSS JOIN param.connection AS c
