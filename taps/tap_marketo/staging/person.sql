-- person: leads.
-- grain: one lead, merged and deleted ones too. inputs: leads, programs.
-- Whatever Marketo calls a lead, here it is a subscriber: the lead or contact of the CRM is the person, where there is one.
-- Where Marketo keeps its Salesforce id, and the settings name that connection, it is stated which.
-- requires: leads, programs
SELECT
    c.connection || ':leads/' || k.id AS key,
    c.connection AS source,
    'leads' AS object,
    k.id AS source_id,
    COALESCE(a.host, c.url) || '/leadDatabase/loadLeadDetail?leadId=' || k.id AS url,
    k."updatedAt" AS updated_at,
    k._deleted_at AS deleted_at,
    c.connection || ':leads/' || k.merged_into AS merged_into,
    'subscriber' AS kind,
    NULLIF(TRIM(CONCAT_WS(' ', k."firstName", k."lastName")), '') AS name,
    k."firstName" AS first_name,
    k."lastName" AS last_name,
    k.email AS email,
    k.phone AS phone,
    k."mobilePhone" AS mobile,
    k.company AS company,
    CAST(NULL AS TEXT) AS account_key,
    CAST(NULL AS TEXT) AS owner_key,
    k."leadStatus" AS status,
    k.crm_person_key AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    NOT COALESCE(k."blackListed", FALSE) AS is_active,
    k.unsubscribed AS has_opted_out,
    k."createdAt" AS created_at
FROM raw.leads AS k
CROSS JOIN (
    SELECT SPLIT_PART(MIN(x.url), '/#', 1) AS host
    FROM raw.programs AS x
) AS a
CROSS JOIN param.connection AS c
