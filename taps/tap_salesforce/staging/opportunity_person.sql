-- opportunity_person: contacts with a role on a deal.
-- grain: one OpportunityContactRole. inputs: OpportunityContactRole.
-- requires: OpportunityContactRole
SELECT
    c.connection || ':OpportunityContactRole/' || r.Id AS key,
    c.connection AS source,
    'OpportunityContactRole' AS object,
    r.Id AS source_id,
    c.url || '/lightning/r/Opportunity/' || r.OpportunityId || '/view' AS url,
    r.SystemModstamp AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Opportunity/' || r.OpportunityId AS opportunity_key,
    c.connection || ':Contact/' || r.ContactId AS person_key,
    COALESCE(r.Role, 'contact') AS role
FROM raw."OpportunityContactRole" AS r
CROSS JOIN param.connection AS c
