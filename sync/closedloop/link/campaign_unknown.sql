-- campaign_unknown: campaigns whose `same_as` names nothing that has landed: the attendance that they bring stands apart.
-- grain: one campaign. One that names a deleted campaign, or that a person decided about, is not listed.
with decided as (
    select left_key as key
    from param.decision
    where kind = 'campaign_campaign'
    union
    select right_key as key
    from param.decision
    where kind = 'campaign_campaign'
)

select record.key as campaign_key, record.title as name, record.source, record.same_as
from campaign_evidence as record
left join campaign_named as named on named.key = record.key
left join decided on decided.key = record.key
left join staging.campaign as gone
    on (gone.deleted_at is not null or gone.merged_into is not null)
    and gone.source <> record.source
    and (gone.key = record.same_as or gone.source_id = record.same_as)
where record.same_as is not null and named.key is null and decided.key is null and gone.key is null
