-- chain_break: the first broken link of every attendee and every customer account, and what to do about it.
-- grain: one subject: an attendee (the touch's key), an account, or a ledger customer without an account.
-- `at_stake` is the largest of open deals, won and not invoiced, overdue, and for `repeat` an average year; it overlaps.
-- `stake_key` and `stake_part` say which records that money is of: `chain_total` counts each of them once.
select
    broken.subject_key,
    broken.subject_kind,
    broken.campaign_key,
    broken.person_key,
    broken.account_key,
    broken.owner_key,
    broken.step,
    broken.link,
    broken.reason,
    broken.since,
    cast(
        case
            when broken.reason = 'invoice_without_account' then greatest(coalesce(unclaimed.invoiced, 0), 0)
            when broken.link = 'repeat' then greatest(coalesce(stake.at_stake, 0), coalesce(stake.yearly, 0))
            else coalesce(stake.at_stake, 0)
        end as bigint
    ) as at_stake,
    coalesce(broken.account_key, broken.subject_key) as stake_key,
    case
        when broken.reason = 'invoice_without_account' then 'unlinked'
        when broken.link = 'repeat' and stake.yearly > stake.at_stake then 'yearly'
        else coalesce(stake.part, 'open')
    end as stake_part,
    broken.url,
    break_fix.severity,
    break_fix.fix
from chain_link as broken
left join break_fix on break_fix.reason = broken.reason
left join account_stake as stake on stake.account_key = broken.account_key
left join unlinked_customer as unclaimed on unclaimed.customer_key = broken.subject_key
where broken.is_first
