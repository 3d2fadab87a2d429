-- touch_candidate: whom a touch may be, by every kind of evidence.
-- grain: one rule that speaks for one person of one touch.
--   1 and 2 see touch_exact   3 scored: all comparisons weighed, one person well ahead of every other
-- What exact evidence doubts or cannot decide is not decided by weights.
with exact as (
    select
        touch_key,
        bool_or(doubt is null) as is_clear
    from touch_exact
    group by touch_key
),

doubted as (
    select touch_key, person_key, max(doubt) as doubt
    from touch_exact
    group by touch_key, person_key
)

select touch_key, person_key, tier, rule, kind, doubt, evidence
from touch_exact
union all
select
    scored.touch_key,
    scored.person_key,
    3 as tier,
    'scored' as rule,
    scored.kind,
    case
        when scored.doubt is not null then scored.doubt
        when exact.is_clear then 'exact evidence names several people'
        else doubted.doubt
    end as doubt,
    scored.evidence
from touch_scored as scored
left join exact on exact.touch_key = scored.touch_key
left join doubted on doubted.touch_key = scored.touch_key and doubted.person_key = scored.person_key
