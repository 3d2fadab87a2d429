-- link_customer_account: the account that each ledger customer belongs to.
-- grain: one linked customer; an account may own many. A person's decision outranks every rule.
-- By rule: the best rule without a doubt must name exactly one account, and no stored id may name another.
with decided as (
    select
        decision.left_key as customer_key,
        decision.right_key as account_key,
        decision.who
    from decision_now as decision
    inner join customer on customer.key = decision.left_key
    inner join account on account.key = decision.right_key
    where decision.kind = 'customer_account' and decision.verdict = 'accept'
    qualify row_number() over (partition by decision.left_key order by decision.id desc) = 1
),

best as (
    select
        *,
        min(tier) over (partition by customer_key) as best_tier
    from customer_candidate
    where doubt is null
),

single as (
    select
        customer_key,
        min(account_key) as account_key,
        min(rule) as rule,
        min(evidence) as evidence
    from best
    where tier = best_tier
    group by customer_key
    having count(distinct account_key) = 1
),

contradicted as (
    select distinct single.customer_key
    from single
    inner join customer_candidate as candidate
        on candidate.customer_key = single.customer_key
        and candidate.rule = 'stored_id'
        and candidate.account_key <> single.account_key
    where single.rule not in ('same_record', 'tax_id')
)

select
    customer_key,
    account_key,
    'decision' as rule,
    'Decided by ' || who || '.' as evidence,
    true as decided
from decided
union all
select single.customer_key, single.account_key, single.rule, single.evidence, false as decided
from single
left join decided on decided.customer_key = single.customer_key
left join contradicted on contradicted.customer_key = single.customer_key
where decided.customer_key is null and contradicted.customer_key is null
