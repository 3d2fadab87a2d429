-- campaign_named: the campaign that another one names in `same_as`: by its key, else its id, code or name.
-- grain: one campaign that may be meant. `doubt` is null where only one is. An id of 18 letters may be cut to 15, as
-- Salesforce does. A campaign of the same system is meant only by its key.
with spelled as (
    select record.key, record.source, other.key as other_key, other.place, 1 as tier
    from campaign_evidence as record
    inner join campaign_evidence as other on other.key = record.same_as and other.key <> record.key
    union all
    select record.key, record.source, other.key as other_key, other.place, 2 as tier
    from campaign_evidence as record
    inner join campaign_evidence as other on other.source_id = record.same_as and other.source <> record.source
    union all
    select record.key, record.source, other.key as other_key, other.place, 2 as tier
    from campaign_evidence as record
    inner join campaign_evidence as other
        on substr(other.source_id, 1, 15) = record.same_as
        and length(other.source_id) = 18
        and other.source <> record.source
    union all
    select record.key, record.source, other.key as other_key, other.place, 3 as tier
    from campaign_evidence as record
    inner join campaign_evidence as other on other.code = upper(record.same_as) and other.source <> record.source
    union all
    select record.key, record.source, other.key as other_key, other.place, 4 as tier
    from campaign_evidence as record
    inner join campaign_evidence as other on other.name = normal_name(record.same_as) and other.source <> record.source
),

meant as (
    select *
    from spelled
    qualify rank() over (partition by key order by tier, place) = 1
)

select
    key,
    other_key,
    case when count(*) over (partition by key) > 1 then 'several campaigns are called what it names' end as doubt
from meant
