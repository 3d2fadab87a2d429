-- attendee_link: the links of each attendee's chain that are broken, with the reason and since when.
-- grain: one broken link of one credit touch. `step` is the link's place in the chain.
-- Worked: an activity towards the person, a deal of theirs, or their company as such; where the CRM has no activities at
-- all the link does not apply. The person's owner is theirs, else their account's.
with attendee as (
    select
        resolved.touch_key,
        resolved.campaign_key,
        resolved.person_key,
        resolved.account_key,
        resolved.touch_date,
        resolved.has_identity,
        resolved.url as touch_url,
        coalesce(person.url, resolved.url) as person_url,
        person.kind as person_kind,
        person.status as person_status,
        coalesce(person.owner_key, account.owner_key) as owner_key,
        touch.email is not null or person.email is not null as has_email,
        touch.phone is not null or person.phone is not null as has_phone,
        is_email(touch.email)
        or is_email(person.email)
        or is_phone(touch.phone)
        or is_phone(person.phone) as is_contactable
    from touch_resolved as resolved
    inner join touch on touch.key = resolved.touch_key
    left join person on person.key = resolved.person_key
    left join account on account.key = resolved.account_key
    where resolved.is_credit
),

candidate as (
    select touch_key, count(distinct person_key) as people, bool_or(doubt is not null) as is_doubtful
    from touch_candidate
    group by touch_key
),

work as (
    select person_key, account_key, at_date
    from activity
    where person_key is not null
    union
    select member.person_key, activity.account_key, activity.at_date
    from activity
    inner join opportunity_person as member on member.opportunity_key = activity.opportunity_key
),

company_work as (
    select distinct account_key, at_date
    from activity
    where person_key is null and opportunity_key is null and account_key is not null
),

worked as (
    select distinct attendee.touch_key
    from attendee
    cross join param.run as run
    inner join work on work.person_key = attendee.person_key
    where work.at_date >= attendee.touch_date and work.at_date <= attendee.touch_date + run.first_touch_within_days
    union
    select distinct attendee.touch_key
    from attendee
    cross join param.run as run
    inner join company_work as work on work.account_key = attendee.account_key
    where work.at_date >= attendee.touch_date and work.at_date <= attendee.touch_date + run.first_touch_within_days
),

activity_count as (
    select count(*) as activities
    from activity
),

deal as (
    select
        attendee.touch_key,
        bool_or(member.person_key is not null) as has_role,
        bool_or(member.person_key is not null and opportunity.campaign_key is not null) as has_campaign
    from attendee
    inner join campaign_opportunity as opened
        on opened.campaign_key = attendee.campaign_key and opened.account_key = attendee.account_key
    inner join opportunity on opportunity.key = opened.opportunity_key
    left join opportunity_person as member
        on member.opportunity_key = opened.opportunity_key and member.person_key = attendee.person_key
    group by attendee.touch_key
)

select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    1 as step,
    'captured' as link,
    'identity_missing' as reason,
    attendee.touch_date as since,
    attendee.touch_url as url
from attendee
where not attendee.has_identity
union all
select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    2 as step,
    'contactable' as link,
    case
        when attendee.has_email then 'invalid_email'
        when attendee.has_phone then 'invalid_phone'
        else 'no_contact_data'
    end as reason,
    attendee.touch_date as since,
    attendee.person_url as url
from attendee
where not attendee.is_contactable
union all
select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    3 as step,
    'in_crm' as link,
    case
        when candidate.people > 1 then 'duplicate_in_crm'
        when candidate.is_doubtful then 'ambiguous_person'
        else 'not_in_crm'
    end as reason,
    attendee.touch_date as since,
    attendee.touch_url as url
from attendee
left join candidate on candidate.touch_key = attendee.touch_key
where attendee.person_key is null
union all
select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    4 as step,
    'routed' as link,
    case
        when attendee.owner_key is null then 'no_owner'
        when owner.kind = 'queue' then 'in_queue'
        else 'inactive_owner'
    end as reason,
    attendee.touch_date as since,
    attendee.person_url as url
from attendee
left join owner on owner.key = attendee.owner_key
where
    attendee.person_key is not null
    and (attendee.owner_key is null or owner.kind = 'queue' or not owner.is_active)
union all
select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    5 as step,
    'worked' as link,
    'untouched_past_sla' as reason,
    attendee.touch_date + run.first_touch_within_days + 1 as since,
    attendee.person_url as url
from attendee
cross join param.run as run
cross join activity_count
left join worked on worked.touch_key = attendee.touch_key
where
    attendee.person_key is not null
    and activity_count.activities > 0
    and worked.touch_key is null
    and run.as_of > attendee.touch_date + run.first_touch_within_days
union all
select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    6 as step,
    'on_account' as link,
    case when attendee.person_kind = 'lead' then 'lead_not_converted' else 'contact_without_account' end as reason,
    attendee.touch_date as since,
    attendee.person_url as url
from attendee
where attendee.person_key is not null and attendee.account_key is null
union all
select
    attendee.touch_key,
    attendee.campaign_key,
    attendee.account_key,
    7 as step,
    'opportunity' as link,
    case
        when deal.touch_key is null then 'no_opportunity'
        when not deal.has_role then 'not_on_opportunity'
        else 'opportunity_without_campaign'
    end as reason,
    case
        when deal.touch_key is null then attendee.touch_date + run.follow_up_days + 1
        else attendee.touch_date
    end as since,
    attendee.person_url as url
from attendee
cross join param.run as run
left join deal on deal.touch_key = attendee.touch_key
where
    attendee.account_key is not null
    and coalesce(attendee.person_status, '') <> 'disqualified'
    and (
        (deal.touch_key is null and run.as_of > attendee.touch_date + run.follow_up_days)
        or not deal.has_campaign
    )
