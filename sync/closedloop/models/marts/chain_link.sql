-- chain_link: the state of every link of every chain.
-- grain: one link of one subject. An attendee (one person at one event with a credit touch) has the links from captured to
-- won, a customer account those from customer to repeat: `chain_step`. `since` and `reason` say it of broken links only.
with attendee as (
    select
        chain.*,
        step.step,
        step.link,
        case step.link
            when 'captured' then chain.captured
            when 'contactable' then chain.contactable
            when 'in_crm' then chain.in_crm
            when 'routed' then chain.routed
            when 'worked' then chain.worked
            when 'on_account' then chain.on_account
            when 'opportunity' then chain.opportunity
            when 'won' then chain.won
        end as outcome,
        case step.link
            when 'worked' then chain.worked_since
            when 'opportunity' then chain.opportunity_since
            when 'won' then chain.won_since
            else chain.touch_date
        end as broken_since,
        case step.link
            when 'captured' then chain.touch_url
            when 'in_crm' then chain.touch_url
            when 'opportunity' then chain.opportunity_url
            when 'won' then coalesce(chain.won_url, chain.opportunity_url)
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
        case step.link
            when 'customer' then chain.customer
            when 'invoiced' then chain.invoiced
            when 'paid' then chain.paid
            when 'supported' then chain.supported
            when 'repeat' then chain.repeat
        end as outcome,
        case step.link
            when 'customer' then chain.customer_since
            when 'invoiced' then chain.invoiced_since
            when 'paid' then chain.paid_since
            when 'supported' then chain.supported_since
            when 'repeat' then chain.repeat_since
        end as broken_since,
        case step.link
            when 'invoiced' then coalesce(chain.invoiced_url, chain.account_url)
            when 'paid' then coalesce(chain.paid_url, chain.account_url)
            when 'supported' then coalesce(chain.supported_url, chain.account_url)
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
        broken_since,
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
        broken_since,
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
    case when outcome in ('ok', 'pending', 'not_applicable') then outcome else 'broken' end as state,
    case when outcome not in ('ok', 'pending', 'not_applicable') then outcome end as reason,
    case when outcome not in ('ok', 'pending', 'not_applicable') then broken_since end as since,
    url
from every_link
