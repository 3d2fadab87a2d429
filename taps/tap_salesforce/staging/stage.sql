-- stage: the steps of the sales pipeline, lost ones and those no longer in use too.
-- grain: one OpportunityStage. inputs: OpportunityStage.
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
    s.SortOrder AS rank,
    COALESCE(s.IsWon, FALSE) AS is_won,
    COALESCE(s.IsClosed, FALSE) AS is_closed
FROM raw."OpportunityStage" AS s
CROSS JOIN param.connection AS c
