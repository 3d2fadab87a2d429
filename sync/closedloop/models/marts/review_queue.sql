-- review_queue: the doubtful links that a person must decide, with the money that hangs on each.
-- grain: one candidate of one customer or touch without a link, or of one person or campaign that may be another. Minor
-- home units; the same money may stand in several rows. A customer's stake is what was invoiced to it; a touch's and a
-- person's is the stake of the candidate's account; a campaign's is the largest of those who came and whose figures move.
with candidate as (
    select
        'customer_account' as kind,
        customer_key as left_key,
        account_key as right_key,
        min(tier) as tier,
        arg_min(evidence, tier) as evidence,
        arg_min(doubt, tier) as doubt
    from customer_candidate
    group by customer_key, account_key
    union all
    select
        'touch_person' as kind,
        touch_key as left_key,
        person_key as right_key,
        min(tier) as tier,
        arg_min(evidence, tier) as evidence,
        arg_min(doubt, tier) as doubt
    from touch_candidate
    group by touch_key, person_key
    union all
    select
        'person_person' as kind,
        key as left_key,
        kept_key as right_key,
        1 as tier,
        evidence,
        doubt
    from twin_candidate
    where doubt is not null
    union all
    select
        'campaign_campaign' as kind,
        key as left_key,
        kept_key as right_key,
        1 as tier,
        evidence,
        doubt
    from campaign_doubt
),

moving as (
    select came.campaign_key, max(stake.at_stake) as amount
    from (select distinct campaign_key, account_key from touch_resolved) as came
    inner join account_stake as stake on stake.account_key = came.account_key
    inner join campaign_doubt as asked on asked.key = came.campaign_key
    group by came.campaign_key
),

invoiced as (
    select customer_key, sum(abs(value)) as amount
    from document_figure
    group by customer_key
)

select
    candidate.kind,
    candidate.left_key,
    coalesce(customer.name, touch.name, touch.email, twin.name, twin.email, event.name) as left_name,
    candidate.right_key,
    coalesce(account.name, person.name, person.email, kept.name) as right_name,
    coalesce(candidate.doubt, ambiguous.reason) as reason,
    candidate.evidence,
    coalesce(customer_score.weight, touch_score.weight, twin_score.weight) as weight,
    cast(coalesce(invoiced.amount, stake.at_stake, moving.amount, 0) as bigint) as at_stake,
    coalesce(customer.url, touch.url, twin.url, event.url) as left_url,
    coalesce(account.url, person.url, kept.url) as right_url
from link_ambiguous as ambiguous
inner join candidate on candidate.kind = ambiguous.kind and candidate.left_key = ambiguous.left_key
left join customer on customer.key = candidate.left_key and candidate.kind = 'customer_account'
left join touch on touch.key = candidate.left_key and candidate.kind = 'touch_person'
left join person as twin on twin.key = candidate.left_key and candidate.kind = 'person_person'
left join account on account.key = candidate.right_key
left join person on person.key = candidate.right_key
left join campaign as event on event.key = candidate.left_key and candidate.kind = 'campaign_campaign'
left join campaign as kept on kept.key = candidate.right_key and candidate.kind = 'campaign_campaign'
left join moving on moving.campaign_key = candidate.left_key and candidate.kind = 'campaign_campaign'
left join invoiced on invoiced.customer_key = candidate.left_key
left join account_stake as stake on stake.account_key = person.account_key
left join customer_scored as customer_score
    on customer_score.customer_key = candidate.left_key and customer_score.account_key = candidate.right_key
left join touch_scored as touch_score
    on touch_score.touch_key = candidate.left_key and touch_score.person_key = candidate.right_key
left join twin_candidate as twin_score
    on candidate.kind = 'person_person'
    and twin_score.key = candidate.left_key
    and twin_score.kept_key = candidate.right_key
