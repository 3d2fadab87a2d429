-- customer_candidate: which accounts a ledger customer may belong to, by every kind of evidence.
-- grain: one rule that speaks for one account of one customer. `tier` orders the rules, best first.
--   1 to 5 see customer_exact   6 scored: all comparisons weighed, one account well ahead of every other
-- What exact evidence doubts or cannot decide is not decided by weights.
with exact as (
    select
        customer_key,
        bool_or(doubt is null) as is_clear
    from customer_exact
    group by customer_key
),

doubted as (
    select customer_key, account_key, max(doubt) as doubt
    from customer_exact
    group by customer_key, account_key
)

select customer_key, account_key, tier, rule, doubt, evidence
from customer_exact
union all
select
    scored.customer_key,
    scored.account_key,
    6 as tier,
    'scored' as rule,
    case
        when scored.doubt is not null then scored.doubt
        when exact.is_clear then 'exact evidence names several accounts'
        else doubted.doubt
    end as doubt,
    scored.evidence
from customer_scored as scored
left join exact on exact.customer_key = scored.customer_key
left join doubted on doubted.customer_key = scored.customer_key and doubted.account_key = scored.account_key
