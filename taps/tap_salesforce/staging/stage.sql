-- stage: the steps of the sales pipeline, lost ones and those no longer in use too.
-- grain: one OpportunityStage. inputs: OpportunityStage.
-- Salesforce sorts lost behind won; a deal that is lost has not come further, so lost has no rank.
-- requires: OpportunityStage
SELECT
    c.connection || ':OpportunityStage/' || s.Id AS key,
    c.connection AS source,
    'OpportunityStage' AS object,
    s.Id AS source_id,
    c.url || '/lightning/setup/ObjectManager/Opportunity/FieldsAndRelationships/StageName/view' AS url,
    s.SystemModstamp AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    s.MasterLabel AS name,
    CASE WHEN COALESCE(s.IsWon, FALSE) OR NOT COALESCE(s.IsClosed, FALSE) THEN s.SortOrder END AS rank,
    COALESCE(s.IsWon, FALSE) AS is_won,
    COALESCE(s.IsClosed, FALSE) AS is_closed
FROM raw."OpportunityStage" AS s
CROSS JOIN param.connection AS c
