-- link_campaign: campaigns of several systems that are one event, and the one that is kept.
-- grain: one campaign that is not kept; what is kept is never itself linked. First what people decided and systems state,
-- then one code, then one name and first day.
with found as (
    select key, kept_key, named_key, rule, who, cast(null as varchar) as code
    from campaign_declared
    union all
    select key, kept_key, kept_key as named_key, 'code' as rule, cast(null as varchar) as who, code
    from campaign_coded
    where doubt is null
    union all
    select key, kept_key, kept_key as named_key, 'name_day' as rule, cast(null as varchar) as who, cast(null as varchar) as code
    from campaign_dated
    where doubt is null
),

first_hop as (
    select
        found.*,
        coalesce(dated_again.kept_key, dated.kept_key, coded.kept_key, found.kept_key) as last_key
    from found
    left join campaign_coded as coded on coded.key = found.kept_key and coded.doubt is null
    left join campaign_dated as dated on dated.key = found.kept_key and dated.doubt is null
    left join campaign_dated as dated_again on dated_again.key = coded.kept_key and dated_again.doubt is null
)

select
    hop.key as campaign_key,
    hop.last_key as kept_key,
    hop.rule,
    case hop.rule
        when 'decision' then 'Declared the same as ' || named.name || ' by ' || hop.who || '.'
        when 'stated' then 'One of the two systems names ' || named.name || ' (' || named.key || ') as the same event.'
        when 'code' then 'Both have the code ' || hop.code || ', and no other campaign of their systems has it.'
        else 'Both are called ' || named.name || ' and begin on the same day, and no other campaign of their systems does.'
    end
    || case when hop.last_key <> hop.named_key then ' That one is one event with ' || last_of.name || '.' else '' end as evidence,
    hop.rule = 'decision' as decided
from first_hop as hop
inner join staging.campaign as named on named.key = hop.named_key
inner join staging.campaign as last_of on last_of.key = hop.last_key
