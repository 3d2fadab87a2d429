-- opportunity: deals.
-- grain: one Opportunity. inputs: Opportunity, OpportunityStage, OpportunityContactRole.
-- A deal names its stage by the stage's API name. Closed deals were closed on their close date, open ones are expected to
-- be: a day without a time, and noon UTC lies on that day in all but the outermost zones. The person is the primary contact.
-- requires: Opportunity, OpportunityStage, OpportunityContactRole
SELECT
    c.connection || ':Opportunity/' || o.Id AS key,
    c.connection AS source,
    'Opportunity' AS object,
    o.Id AS source_id,
    c.url || '/lightning/r/Opportunity/' || o.Id || '/view' AS url,
    o.SystemModstamp AS updated_at,
    o._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    o.Name AS name,
    c.connection || ':Account/' || o.AccountId AS account_key,
    c.connection || ':Contact/' || COALESCE(o.ContactId, r.contact_id) AS person_key,
    c.connection || ':Campaign/' || o.CampaignId AS campaign_key,
    o.number AS number,
    o.po AS po,
    CAST(o.Amount AS DECIMAL(24, 6)) AS amount,
    COALESCE(o.CurrencyIsoCode, c.home_currency) AS currency,
    CAST(CAST(o.Probability AS DECIMAL(9, 6)) * 0.01 AS DECIMAL(9, 6)) AS probability,
    o.lead_source AS lead_source,
    c.connection || ':OpportunityStage/' || s.id AS stage_key,
    COALESCE(o.IsClosed, FALSE) AS is_closed,
    COALESCE(o.IsWon, FALSE) AS is_won,
    o.CreatedDate AS created_at,
    o.CloseDate AS expected_close,
    CASE
        WHEN o.IsClosed THEN (CAST(o.CloseDate AS TIMESTAMP) + INTERVAL '12' HOUR) AT TIME ZONE 'UTC'
    END AS closed_at,
    c.connection || CASE WHEN o.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || o.OwnerId AS owner_key
FROM raw."Opportunity" AS o
LEFT JOIN (
    SELECT COALESCE(x.ApiName, x.MasterLabel) AS name, MIN(x.Id) AS id
    FROM raw."OpportunityStage" AS x
    GROUP BY COALESCE(x.ApiName, x.MasterLabel)
) AS s ON s.name = o.StageName
LEFT JOIN (
    SELECT x.OpportunityId AS opportunity_id, MIN(x.ContactId) AS contact_id
    FROM raw."OpportunityContactRole" AS x
    WHERE x.IsPrimary AND x._deleted_at IS NULL
    GROUP BY x.OpportunityId
) AS r ON r.opportunity_id = o.Id
CROSS JOIN param.connection AS c
