-- chain_link: the state of every link of every chain.
-- grain: one link of one subject. An attendee (one person at one event with a credit touch) has the links from captured to
-- won, a customer account those from customer to repeat: `chain_step`. `reason` is of broken links only; `is_first` marks the
-- break. `since`: from which day on it is in this state; of what has no day of its own, the first one on which it can have
-- been (the record's creation, not before the touch). `until`: the last day on which a pending one may wait, where that is set.
-- view: a row of a chain says all of its links.
with attendee as (
    select
        chain.*,
        step.step,
        step.link,
        case step.step
            when 1 then chain.captured
            when 2 then chain.contactable
            when 3 then chain.in_crm
            when 4 then chain.routed
            when 5 then chain.worked
            when 6 then chain.on_account
            when 7 then chain.opportunity
            when 8 then chain.won
        end as outcome,
        case step.step
            when 5 then chain.worked_since
            when 7 then chain.opportunity_since
            when 8 then chain.won_since
            else chain.touch_date
        end as broken_since,
        case
            when step.step <= 2 then chain.touch_date
            when step.step in (3, 4, 6) then chain.known_date
            when step.step = 5 and chain.worked = 'ok' then chain.worked_date
            when step.step = 7 and chain.opportunity = 'ok' then chain.opportunity_date
            when step.step = 8 then chain.won_date
            else chain.touch_date
        end as date,
        case step.step when 5 then chain.worked_until when 7 then chain.opportunity_until end as until,
        case step.step
            when 1 then chain.touch_url
            when 3 then chain.touch_url
            when 7 then chain.opportunity_url
            when 8 then coalesce(chain.won_url, chain.opportunity_url)
            else chain.person_url
        end as url
    from chain_attendee as chain
    inner join chain_step as step on step.subject_kind = 'attendee'
),

company as (
    select
        chain.*,
        step.step,
        step.link,
        case step.step
            when 9 then chain.customer
            when 10 then chain.invoiced
            when 11 then chain.paid
            when 12 then chain.supported
            when 13 then chain.repeat
        end as outcome,
        case step.step
            when 9 then chain.customer_since
            when 10 then chain.invoiced_since
            when 11 then chain.paid_since
            when 12 then chain.supported_since
            when 13 then chain.repeat_since
        end as broken_since,
        case step.step
            when 9 then chain.customer_date
            when 10 then chain.invoiced_date
            when 11 then chain.paid_date
            when 12 then chain.supported_date
            when 13 then chain.repeat_date
        end as date,
        case step.step
            when 10 then chain.invoiced_until
            when 12 then chain.supported_until
            when 13 then chain.repeat_until
        end as until,
        case step.step
            when 10 then coalesce(chain.invoiced_url, chain.account_url)
            when 11 then coalesce(chain.paid_url, chain.account_url)
            when 12 then coalesce(chain.supported_url, chain.account_url)
            else chain.account_url
        end as url
    from chain_account as chain
    inner join chain_step as step on step.subject_kind = 'account'
),

every_link as (
    select
        touch_key as subject_key,
        'attendee' as subject_kind,
        campaign_key,
        person_key,
        account_key,
        owner_key,
        step,
        link,
        outcome,
        outcome in ('ok', 'pending', 'not_applicable') as is_whole,
        coalesce(step = broken_step, false) as is_first,
        broken_since,
        date,
        until,
        url
    from attendee
    union all
    select
        subject_key,
        'account' as subject_kind,
        cast(null as varchar) as campaign_key,
        cast(null as varchar) as person_key,
        account_key,
        owner_key,
        step,
        link,
        outcome,
        outcome in ('ok', 'pending', 'not_applicable') as is_whole,
        coalesce(step = broken_step, false) as is_first,
        broken_since,
        date,
        until,
        url
    from company
)

select
    subject_key,
    subject_kind,
    campaign_key,
    person_key,
    account_key,
    owner_key,
    step,
    link,
    case when is_whole then outcome else 'broken' end as state,
    case when not is_whole then outcome end as reason,
    case when not is_whole then broken_since when outcome <> 'not_applicable' then date end as since,
    case when outcome = 'pending' then until end as until,
    is_first,
    url
from every_link
