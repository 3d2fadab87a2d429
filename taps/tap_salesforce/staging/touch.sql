-- touch: campaign members.
-- grain: one CampaignMember. inputs: CampaignMember, Lead, Contact.
-- A member is a lead, or a contact, or both once the lead is converted. Salesforce insists on a record with a name even for
-- who is not known: without an e-mail, and without both a name and a company, a lead is nobody that could be found again.
-- What a status means is the tap's setting `member_statuses`. The first response has a day and no time; a scan has a time
-- where the settings map a field.
-- requires: CampaignMember, Lead, Contact
SELECT
    c.connection || ':CampaignMember/' || t.Id AS key,
    c.connection AS source,
    'CampaignMember' AS object,
    t.Id AS source_id,
    c.url || '/lightning/r/CampaignMember/' || t.Id || '/view' AS url,
    t.SystemModstamp AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Campaign/' || t.CampaignId AS campaign_key,
    CASE
        WHEN t.ContactId IS NOT NULL AND COALESCE(t.full_name, t.email) IS NOT NULL
            THEN c.connection || ':Contact/' || t.ContactId
        WHEN t.email IS NOT NULL OR (t.full_name IS NOT NULL AND t.company IS NOT NULL)
            THEN c.connection || ':Lead/' || t.LeadId
    END AS person_key,
    t.email AS email,
    t.full_name AS name,
    t.company AS company,
    t.phone AS phone,
    t.touch_status AS status,
    t.occurred_at AS occurred_at,
    t.FirstRespondedDate AS occurred_on,
    t.CreatedDate AS created_at
FROM (
    SELECT
        m.Id,
        m.CampaignId,
        m.LeadId,
        m.ContactId,
        m.touch_status,
        m.occurred_at,
        m.FirstRespondedDate,
        m.CreatedDate,
        m.SystemModstamp,
        m._deleted_at,
        NULLIF(TRIM(COALESCE(k.Email, l.Email, m.Email)), '') AS email,
        NULLIF(
            TRIM(
                CONCAT_WS(
                    ' ',
                    COALESCE(k.FirstName, l.FirstName, m.FirstName),
                    NULLIF(TRIM(COALESCE(k.LastName, l.LastName, m.LastName)), '[not provided]')
                )
            ),
            ''
        ) AS full_name,
        NULLIF(TRIM(COALESCE(l.Company, m.CompanyOrAccount)), '[not provided]') AS company,
        NULLIF(TRIM(COALESCE(k.Phone, k.MobilePhone, l.Phone, l.MobilePhone, m.Phone, m.MobilePhone)), '') AS phone
    FROM raw."CampaignMember" AS m
    LEFT JOIN raw."Contact" AS k ON k.Id = m.ContactId
    LEFT JOIN raw."Lead" AS l ON l.Id = m.LeadId
) AS t
CROSS JOIN param.connection AS c
