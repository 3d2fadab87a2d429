-- campaign_declared: campaigns that people or their systems declare one event, with the one that is kept.
-- grain: one campaign that is not kept. A decision goes before what a system states; of one campaign the last decision
-- counts. Kept is the campaign of the connection with the lower place; within one place the one that was named. A campaign
-- that is named together with two others that are kept is left to a person; a circle leaves its campaigns as they are.
with recursive known as (
    select campaign.key, coalesce(connection.place, 1000000) as place
    from staging.campaign as campaign
    left join param.connection as connection on connection.connection = campaign.source
    left join survivor_stated as survivor on survivor.entity = 'campaign' and survivor.key = campaign.key
    where campaign.deleted_at is null and survivor.key is null
),

verdict as (
    select
        least(coalesce(one.survivor_key, decision.left_key), coalesce(other.survivor_key, decision.right_key)) as one_key,
        greatest(coalesce(one.survivor_key, decision.left_key), coalesce(other.survivor_key, decision.right_key)) as other_key,
        arg_max(coalesce(one.survivor_key, decision.left_key), decision.id) as left_key,
        arg_max(coalesce(other.survivor_key, decision.right_key), decision.id) as right_key,
        arg_max(decision.verdict, decision.id) as verdict,
        arg_max(decision.who, decision.id) as who,
        max(decision.id) as id
    from param.decision as decision
    left join survivor_stated as one on one.entity = 'campaign' and one.key = decision.left_key
    left join survivor_stated as other on other.entity = 'campaign' and other.key = decision.right_key
    where decision.kind = 'campaign_campaign'
    group by
        least(coalesce(one.survivor_key, decision.left_key), coalesce(other.survivor_key, decision.right_key)),
        greatest(coalesce(one.survivor_key, decision.left_key), coalesce(other.survivor_key, decision.right_key))
),

decided as (
    select
        case when named.place > record.place then named.key else record.key end as key,
        case when named.place > record.place then record.key else named.key end as kept_key,
        verdict.who
    from verdict
    inner join known as record on record.key = verdict.left_key
    inner join known as named on named.key = verdict.right_key
    where verdict.verdict = 'accept' and record.key <> named.key
    qualify row_number() over (
        partition by case when named.place > record.place then named.key else record.key end order by verdict.id desc
    ) = 1
),

stated as (
    select distinct
        case when other.place > record.place then other.key else record.key end as key,
        case when other.place > record.place then record.key else other.key end as kept_key
    from campaign_named as named
    inner join known as record on record.key = named.key
    inner join known as other on other.key = named.other_key
    left join verdict
        on verdict.one_key = least(named.key, named.other_key)
        and verdict.other_key = greatest(named.key, named.other_key)
        and verdict.verdict = 'reject'
    where named.doubt is null and verdict.one_key is null
),

edge as (
    select key, kept_key, 'decision' as rule, who
    from decided
    union all
    select stated.key, min(stated.kept_key) as kept_key, 'stated' as rule, cast(null as varchar) as who
    from stated
    left join decided on decided.key = stated.key
    where decided.key is null
    group by stated.key
    having count(*) = 1
),

chain as (
    select key, kept_key, 1 as depth
    from edge
    union all
    select chain.key, edge.kept_key, chain.depth + 1 as depth
    from chain
    inner join edge on edge.key = chain.kept_key
    where chain.depth < 20
),

last_of as (
    select key, kept_key
    from chain
    qualify row_number() over (partition by key order by depth desc) = 1 and max(depth) over (partition by key) < 20
)

select last_of.key, last_of.kept_key, edge.kept_key as named_key, edge.rule, edge.who
from last_of
inner join edge on edge.key = last_of.key
