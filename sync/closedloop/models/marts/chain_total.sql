-- chain_total: how many chains there are, how many are broken, and the money at stake, each underlying record counted once.
-- grain: one campaign, owner, reason, or everything (`by`, `key`). A customer account counts at every event that it touched
-- in a way that earns credit. For a reason all its subjects are broken ones. No owner has no key.
with subject as (
    select touch_key as subject_key, 'attendee' as subject_kind, campaign_key, owner_key
    from chain_attendee
    union all
    select subject_key, 'account' as subject_kind, cast(null as varchar) as campaign_key, owner_key
    from chain_account
),

reached as (
    select distinct chain.subject_key, touch.campaign_key
    from chain_account as chain
    inner join account_touch as touch on touch.account_key = chain.account_key
),

member as (
    select 'all' as by, 'all' as key, subject_key, subject_kind
    from subject
    union all
    select 'owner' as by, owner_key as key, subject_key, subject_kind
    from subject
    union all
    select 'campaign' as by, campaign_key as key, subject_key, subject_kind
    from subject
    where subject_kind = 'attendee'
    union all
    select 'campaign' as by, campaign_key as key, subject_key, 'account' as subject_kind
    from reached
    union all
    select 'reason' as by, reason as key, subject_key, subject_kind
    from chain_break
),

judged as (
    select
        member.by,
        member.key,
        broken.subject_key is not null as is_broken,
        broken.stake_key,
        broken.stake_part,
        broken.at_stake
    from member
    left join chain_break as broken
        on broken.subject_key = member.subject_key and broken.subject_kind = member.subject_kind
),

counted as (
    select by, key, count(*) as subjects, count(*) filter (where is_broken) as broken
    from judged
    group by by, key
),

record as (
    select by, key, stake_key, stake_part, max(at_stake) as at_stake
    from judged
    where is_broken
    group by by, key, stake_key, stake_part
),

money as (
    select by, key, cast(sum(at_stake) as bigint) as at_stake
    from record
    group by by, key
)

select counted.by, counted.key, counted.subjects, counted.broken, coalesce(money.at_stake, 0) as at_stake
from counted
left join money on money.by = counted.by and money.key is not distinct from counted.key
