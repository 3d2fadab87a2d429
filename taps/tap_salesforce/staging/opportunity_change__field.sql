-- opportunity_change: changes of a deal's stage and amount from field history tracking, for deals without another history.
-- grain: one OpportunityFieldHistory of one of the two fields. inputs: OpportunityFieldHistory, OpportunityHistory,
-- OpportunityStage.
-- requires: OpportunityFieldHistory, OpportunityHistory, OpportunityStage
SELECT
    c.connection || ':OpportunityFieldHistory/' || h.Id AS key,
    c.connection AS source,
    'OpportunityFieldHistory' AS object,
    h.Id AS source_id,
    c.url || '/lightning/r/Opportunity/' || h.OpportunityId || '/view' AS url,
    h.CreatedDate AS updated_at,
    h._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Opportunity/' || h.OpportunityId AS opportunity_key,
    h.CreatedDate AS changed_at,
    CASE WHEN h.Field = 'StageName' THEN 'stage' ELSE 'amount' END AS field,
    CASE WHEN h.Field = 'StageName' THEN c.connection || ':OpportunityStage/' || o.id END AS old_stage_key,
    CASE WHEN h.Field = 'StageName' THEN c.connection || ':OpportunityStage/' || n.id END AS new_stage_key,
    CASE WHEN h.Field = 'Amount' THEN TRY_CAST(h.OldValue AS DECIMAL(24, 6)) END AS old_amount,
    CASE WHEN h.Field = 'Amount' THEN TRY_CAST(h.NewValue AS DECIMAL(24, 6)) END AS new_amount
FROM raw."OpportunityFieldHistory" AS h
LEFT JOIN (
    SELECT COALESCE(x.ApiName, x.MasterLabel) AS name, MIN(x.Id) AS id
    FROM raw."OpportunityStage" AS x
    GROUP BY COALESCE(x.ApiName, x.MasterLabel)
) AS o ON o.name = h.OldValue
LEFT JOIN (
    SELECT COALESCE(x.ApiName, x.MasterLabel) AS name, MIN(x.Id) AS id
    FROM raw."OpportunityStage" AS x
    GROUP BY COALESCE(x.ApiName, x.MasterLabel)
) AS n ON n.name = h.NewValue
CROSS JOIN param.connection AS c
WHERE
    h.Field IN ('StageName', 'Amount')
    AND NOT EXISTS (SELECT 1 FROM raw."OpportunityHistory" AS x WHERE x.OpportunityId = h.OpportunityId)
