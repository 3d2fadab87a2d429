-- chain_break: the first broken link of every attendee and every customer account, and what to do about it.
-- grain: one subject: an attendee (the touch's key), an account, or a ledger customer without an account.
with attendee as (
    select
        touch_key as subject_key,
        'attendee' as subject_kind,
        campaign_key,
        account_key,
        link,
        reason,
        since,
        url
    from attendee_link
    qualify row_number() over (partition by touch_key order by step) = 1
),

company as (
    select
        subject_key,
        'account' as subject_kind,
        cast(null as varchar) as campaign_key,
        account_key,
        link,
        reason,
        since,
        url
    from account_link
    qualify row_number() over (partition by subject_key order by step) = 1
),

broken as (
    select *
    from attendee
    union all
    select *
    from company
),

unclaimed as (
    select customer_key, greatest(invoiced, 0) as at_stake
    from unlinked_customer
),

won as (
    select account_key, sum(amount) as amount
    from won_deal
    group by account_key
)

select
    broken.subject_key,
    broken.subject_kind,
    broken.campaign_key,
    broken.account_key,
    broken.link,
    broken.reason,
    broken.since,
    cast(
        case
            when broken.reason = 'invoice_without_account' then unclaimed.at_stake
            when broken.link = 'customer' then greatest(coalesce(stake.at_stake, 0), coalesce(won.amount, 0))
            else coalesce(stake.at_stake, 0)
        end as bigint
    ) as at_stake,
    broken.url,
    break_fix.fix
from broken
inner join break_fix on break_fix.reason = broken.reason
left join account_stake as stake on stake.account_key = broken.account_key
left join unclaimed on unclaimed.customer_key = broken.subject_key
left join won on won.account_key = broken.account_key
