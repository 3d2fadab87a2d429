-- link_ambiguous: what could not be linked although something speaks for it: a person must decide.
-- grain: one customer or one touch without a link, or one person or campaign that may be another, that has candidates.
-- `candidate_keys` are separated by blanks.
with customer_case as (
    select
        'customer_account' as kind,
        candidate.customer_key as left_key,
        arg_min(candidate.rule, candidate.tier) as rule,
        count(distinct candidate.account_key) as candidates,
        string_agg(distinct candidate.account_key, ' ' order by candidate.account_key) as candidate_keys,
        min(candidate.doubt) as doubt,
        min(candidate.evidence) as evidence
    from customer_candidate as candidate
    left join link_customer_account as link on link.customer_key = candidate.customer_key
    where link.customer_key is null
    group by candidate.customer_key
),

touch_case as (
    select
        'touch_person' as kind,
        candidate.touch_key as left_key,
        arg_min(candidate.rule, candidate.tier) as rule,
        count(distinct candidate.person_key) as candidates,
        string_agg(distinct candidate.person_key, ' ' order by candidate.person_key) as candidate_keys,
        min(candidate.doubt) as doubt,
        min(candidate.evidence) as evidence
    from touch_candidate as candidate
    left join link_person as link on link.identity_key = candidate.touch_key
    where link.identity_key is null
    group by candidate.touch_key
),

person_case as (
    select
        'person_person' as kind,
        candidate.key as left_key,
        min(candidate.rule) as rule,
        count(*) as candidates,
        string_agg(candidate.kept_key, ' ' order by candidate.kept_key) as candidate_keys,
        min(candidate.doubt) as doubt,
        min(candidate.evidence) as evidence
    from twin_candidate as candidate
    left join person_twin as twin on twin.key = candidate.key
    where candidate.doubt is not null and twin.key is null
    group by candidate.key
),

campaign_case as (
    select
        'campaign_campaign' as kind,
        key as left_key,
        min(rule) as rule,
        count(*) as candidates,
        string_agg(kept_key, ' ' order by kept_key) as candidate_keys,
        min(doubt) as doubt,
        min(evidence) as evidence
    from campaign_doubt
    group by key
)

select
    kind,
    left_key,
    rule,
    case
        when candidates > 1 and doubt is null then 'several candidates'
        when candidates > 1 then 'candidates contradict each other'
        else doubt
    end as reason,
    candidates,
    candidate_keys,
    evidence
from customer_case
union all
select
    kind,
    left_key,
    rule,
    case
        when candidates > 1 and doubt is null then 'several candidates'
        when candidates > 1 then 'candidates contradict each other'
        else doubt
    end as reason,
    candidates,
    candidate_keys,
    evidence
from touch_case
union all
select
    kind,
    left_key,
    rule,
    doubt as reason,
    candidates,
    candidate_keys,
    evidence
from person_case
union all
select
    kind,
    left_key,
    rule,
    doubt as reason,
    candidates,
    candidate_keys,
    evidence
from campaign_case
