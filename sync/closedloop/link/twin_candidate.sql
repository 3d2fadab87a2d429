-- twin_candidate: which people of the CRM may be one, by every kind of evidence.
-- grain: one pair of people, `kept_key` is the one to keep; `doubt` is null where they are one without asking anybody.
-- What exact evidence doubts is not decided by weights, and a pair that a person told apart is none.
-- Nothing follows from two other links: where three records meet, each must agree with each.
with told_apart as (
    select
        least(coalesce(one.survivor_key, decision.left_key), coalesce(other.survivor_key, decision.right_key)) as one_key,
        greatest(coalesce(one.survivor_key, decision.left_key), coalesce(other.survivor_key, decision.right_key)) as other_key
    from param.decision as decision
    left join survivor_stated as one on one.entity = 'person' and one.key = decision.left_key
    left join survivor_stated as other on other.entity = 'person' and other.key = decision.right_key
    where decision.kind = 'person_person'
    group by all
    having arg_max(decision.verdict, decision.id) = 'reject'
),

found as (
    select one_key, other_key, 1 as tier, 'email' as rule, doubt, cast(null as double) as weight, evidence
    from twin_exact
    union all
    select one_key, other_key, 2 as tier, 'scored' as rule, doubt, weight, evidence
    from twin_scored
),

best as (
    select *
    from found
    qualify row_number() over (partition by one_key, other_key order by tier) = 1
),

accounts as (
    select entity_key, min(account_key) as account_key
    from twin_evidence
    where account_key is not null
    group by entity_key
),

judged as (
    select
        best.one_key,
        best.other_key,
        best.rule,
        best.weight,
        best.evidence,
        case
            when best.doubt is not null then best.doubt
            when one.account_key <> other.account_key then 'the records are at two accounts'
        end as doubt
    from best
    cross join param.run as run
    left join told_apart on told_apart.one_key = best.one_key and told_apart.other_key = best.other_key
    left join accounts as one on one.entity_key = best.one_key
    left join accounts as other on other.entity_key = best.other_key
    where told_apart.one_key is null and run.automatic_links
),

neighbour as (
    select one_key as key, other_key as near_key
    from judged
    where doubt is null
    union all
    select other_key as key, one_key as near_key
    from judged
    where doubt is null
),

torn as (
    select distinct least(pair.key, pair.near_key) as one_key, greatest(pair.key, pair.near_key) as other_key
    from neighbour as pair
    inner join neighbour as third on third.key = pair.key and third.near_key <> pair.near_key
    left join neighbour as closing on closing.key = pair.near_key and closing.near_key = third.near_key
    where closing.key is null
)

select
    case when one.place > other.place then judged.one_key else judged.other_key end as key,
    case when one.place > other.place then judged.other_key else judged.one_key end as kept_key,
    least(one.place, other.place) as kept_place,
    judged.rule,
    judged.weight,
    judged.evidence,
    case when torn.one_key is not null then 'a third record agrees with only one of them' else judged.doubt end as doubt
from judged
inner join twin_evidence as one on one.key = judged.one_key
inner join twin_evidence as other on other.key = judged.other_key
left join torn on torn.one_key = judged.one_key and torn.other_key = judged.other_key
