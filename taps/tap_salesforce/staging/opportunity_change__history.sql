-- opportunity_change: changes of a deal's stage and amount, from what it was after each of them.
-- grain: one change of one of the two. inputs: OpportunityHistory, OpportunityStage.
-- Salesforce writes a row with stage and amount when a deal is made and whenever one of them changes: a change is where a
-- row differs from the row before it.
-- requires: OpportunityHistory, OpportunityStage
SELECT
    c.connection || ':OpportunityHistory/' || h.Id || '/' || f.field AS key,
    c.connection AS source,
    'OpportunityHistory' AS object,
    h.Id AS source_id,
    c.url || '/lightning/r/Opportunity/' || h.OpportunityId || '/view' AS url,
    h.SystemModstamp AS updated_at,
    h._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Opportunity/' || h.OpportunityId AS opportunity_key,
    h.CreatedDate AS changed_at,
    f.field AS field,
    CASE WHEN f.field = 'stage' THEN c.connection || ':OpportunityStage/' || o.id END AS old_stage_key,
    CASE WHEN f.field = 'stage' THEN c.connection || ':OpportunityStage/' || n.id END AS new_stage_key,
    CASE WHEN f.field = 'amount' THEN h.old_amount END AS old_amount,
    CASE WHEN f.field = 'amount' THEN h.amount_now END AS new_amount
FROM (
    SELECT
        x.*,
        CAST(x.Amount AS DECIMAL(24, 6)) AS amount_now,
        LAG(x.Id) OVER w AS earlier,
        LAG(x.StageName) OVER w AS old_stage,
        LAG(CAST(x.Amount AS DECIMAL(24, 6))) OVER w AS old_amount
    FROM raw."OpportunityHistory" AS x
    WHERE x._deleted_at IS NULL
    WINDOW w AS (PARTITION BY x.OpportunityId ORDER BY x.CreatedDate, x.Id)
) AS h
CROSS JOIN (
    SELECT 'stage' AS field
    UNION ALL
    SELECT 'amount' AS field
) AS f
LEFT JOIN (
    SELECT COALESCE(x.ApiName, x.MasterLabel) AS name, MIN(x.Id) AS id
    FROM raw."OpportunityStage" AS x
    GROUP BY COALESCE(x.ApiName, x.MasterLabel)
) AS o ON o.name = h.old_stage
LEFT JOIN (
    SELECT COALESCE(x.ApiName, x.MasterLabel) AS name, MIN(x.Id) AS id
    FROM raw."OpportunityStage" AS x
    GROUP BY COALESCE(x.ApiName, x.MasterLabel)
) AS n ON n.name = h.StageName
CROSS JOIN param.connection AS c
WHERE
    h.earlier IS NOT NULL
    AND (
        (f.field = 'stage' AND h.StageName IS DISTINCT FROM h.old_stage)
        OR (f.field = 'amount' AND h.amount_now IS DISTINCT FROM h.old_amount)
    )
