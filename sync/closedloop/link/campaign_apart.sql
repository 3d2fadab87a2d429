-- campaign_apart: campaigns that a person told apart, as what stands for them now.
-- grain: one pair, in both directions.
with verdict as (
    select
        least(decision.left_key, decision.right_key) as one_key,
        greatest(decision.left_key, decision.right_key) as other_key,
        arg_max(decision.verdict, decision.id) as verdict
    from param.decision as decision
    where decision.kind = 'campaign_campaign'
    group by least(decision.left_key, decision.right_key), greatest(decision.left_key, decision.right_key)
),

told as (
    select one_key, other_key
    from verdict
    where verdict = 'reject'
    union all
    select other_key as one_key, one_key as other_key
    from verdict
    where verdict = 'reject'
)

select distinct
    coalesce(one_declared.kept_key, one.survivor_key, told.one_key) as one_key,
    coalesce(other_declared.kept_key, other.survivor_key, told.other_key) as other_key
from told
left join survivor_stated as one on one.entity = 'campaign' and one.key = told.one_key
left join survivor_stated as other on other.entity = 'campaign' and other.key = told.other_key
left join campaign_declared as one_declared on one_declared.key = coalesce(one.survivor_key, told.one_key)
left join campaign_declared as other_declared on other_declared.key = coalesce(other.survivor_key, told.other_key)
