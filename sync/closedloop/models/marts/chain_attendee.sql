-- chain_attendee: how far the chain of each attendee holds, from the badge to the won deal.
-- grain: one credit touch. Each link has a column: `ok`, `pending` (inside its window), `not_applicable` (the record that it
-- is about is not there, or the chain has ended), or the reason why it is broken. `broken_step` is the first broken one's place.
-- A duplicate in the CRM is one also where we know which record stands for the person: by exact evidence or a decision; a
-- record in each of two systems is none. A system is a CRM if it brings accounts or deals: whom only a mailing list, a support
-- desk or a ticket shop knows is not in the CRM.
-- The person's owner is theirs, else their account's. An explicit disqualification ends the chain, and so does a lost deal.
with crm_count as (
    select count(*) as systems
    from crm_source
),

in_crm as (
    select distinct record.person_key
    from person_record as record
    cross join crm_count
    left join crm_source as crm on crm.source = record.source
    where crm.source is not null or crm_count.systems = 0
),

contact as (
    select
        stated.touch_key,
        bool_or(stated.email is not null) as has_email,
        bool_or(stated.phone is not null) as has_phone,
        bool_or(stated.is_address or coalesce(checked.is_valid, false)) as is_contactable
    from attendee_contact as stated
    left join phone_check as checked on checked.phone = stated.phone and checked.country = stated.country
    group by stated.touch_key
),

attendee as (
    select
        resolved.touch_key,
        resolved.campaign_key,
        in_crm.person_key,
        resolved.person_key is not null and in_crm.person_key is null as is_elsewhere,
        resolved.account_key,
        resolved.touch_date,
        resolved.has_identity,
        resolved.url as touch_url,
        coalesce(person.url, resolved.url) as person_url,
        greatest(resolved.touch_date, coalesce(person.created_date, resolved.touch_date)) as known_date,
        coalesce(person.kind, '') as person_kind,
        coalesce(person.status = 'disqualified', false) as is_disqualified,
        coalesce(person.status = 'converted', false) as is_converted,
        case when in_crm.person_key is not null then coalesce(person.owner_key, account.owner_key) end as owner_key,
        in_crm_account.key is not null as has_account,
        contact.has_email,
        contact.has_phone,
        coalesce(contact.is_contactable, true) as is_contactable
    from touch_resolved as resolved
    left join in_crm on in_crm.person_key = resolved.person_key
    left join person on person.key = in_crm.person_key
    left join account on account.key = resolved.account_key
    left join account as in_crm_account on in_crm_account.key = person.account_key
    left join contact on contact.touch_key = resolved.touch_key
    where resolved.is_credit
),

candidate as (
    select
        touch_key,
        min(person_key) filter (where doubt is null) as first_person,
        max(person_key) filter (where doubt is null) as last_person
    from touch_candidate
    group by touch_key
),

twin as (
    select distinct record.person_key
    from person_record as record
    inner join staging.person as stated on stated.key = record.key
    inner join person on person.key = record.person_key and person.source = record.source
    where record.key <> record.person_key and stated.merged_into is null and stated.converted_person_key is null
),

activity_count as (
    select count(*) as activities
    from activity
),

judged as (
    select
        attendee.touch_key,
        attendee.campaign_key,
        attendee.person_key,
        attendee.account_key,
        attendee.owner_key,
        attendee.touch_date,
        attendee.known_date,
        attendee.touch_url,
        attendee.person_url,
        case when attendee.has_identity then 'ok' else 'identity_missing' end as captured,
        case
            when attendee.is_contactable then 'ok'
            when attendee.has_email then 'invalid_email'
            when attendee.has_phone then 'invalid_phone'
            else 'no_contact_data'
        end as contactable,
        case
            when candidate.first_person <> candidate.last_person or twin.person_key is not null then 'duplicate_in_crm'
            when attendee.person_key is not null then 'ok'
            when candidate.touch_key is not null and not attendee.is_elsewhere then 'ambiguous_person'
            else 'not_in_crm'
        end as in_crm,
        case
            when attendee.person_key is null then 'not_applicable'
            when attendee.owner_key is null then 'no_owner'
            when owner.kind = 'queue' then 'in_queue'
            when not owner.is_active then 'inactive_owner'
            else 'ok'
        end as routed,
        case
            when attendee.person_key is null then 'not_applicable'
            when worked.touch_key is not null then 'ok'
            when activity_count.activities = 0 or attendee.touch_date is null then 'not_applicable'
            when run.as_of > attendee.touch_date + run.first_touch_within_days then 'untouched_past_sla'
            else 'pending'
        end as worked,
        attendee.touch_date + run.first_touch_within_days + 1 as worked_since,
        worked.first_date as worked_date,
        attendee.touch_date + run.first_touch_within_days as worked_until,
        case
            when attendee.person_key is null then 'not_applicable'
            when attendee.has_account or attendee.is_converted then 'ok'
            when attendee.is_disqualified then 'not_applicable'
            when attendee.person_kind = 'lead' then 'lead_not_converted'
            else 'contact_without_account'
        end as on_account,
        case
            when attendee.person_key is null then 'not_applicable'
            when attendee.is_disqualified then 'ok'
            when deal.has_campaign then 'ok'
            when deal.has_role then 'opportunity_without_campaign'
            when deal.touch_key is not null then 'not_on_opportunity'
            when attendee.account_key is null or attendee.touch_date is null then 'not_applicable'
            when run.as_of > attendee.touch_date + run.follow_up_days then 'no_opportunity'
            else 'pending'
        end as opportunity,
        case
            when deal.touch_key is null then attendee.touch_date + run.follow_up_days + 1
            else greatest(attendee.touch_date, deal.first_created)
        end as opportunity_since,
        greatest(attendee.touch_date, coalesce(deal.with_campaign_date, attendee.known_date)) as opportunity_date,
        attendee.touch_date + run.follow_up_days as opportunity_until,
        coalesce(deal.first_url, attendee.person_url) as opportunity_url,
        case
            when attendee.is_disqualified or not coalesce(deal.has_role, false) then 'not_applicable'
            when deal.is_won then 'ok'
            when deal.late_reason is not null then deal.late_reason
            when deal.is_open then 'pending'
            else 'not_applicable'
        end as won,
        deal.late_since as won_since,
        case when deal.is_won then deal.won_date else greatest(attendee.touch_date, deal.open_date) end as won_date,
        deal.late_url as won_url
    from attendee
    cross join param.run as run
    cross join activity_count
    left join candidate on candidate.touch_key = attendee.touch_key
    left join twin on twin.person_key = attendee.person_key
    left join owner on owner.key = attendee.owner_key
    left join attendee_work as worked on worked.touch_key = attendee.touch_key
    left join attendee_deal as deal on deal.touch_key = attendee.touch_key
)

select
    *,
    case
        when captured not in ('ok', 'pending', 'not_applicable') then 1
        when contactable not in ('ok', 'pending', 'not_applicable') then 2
        when in_crm not in ('ok', 'pending', 'not_applicable') then 3
        when routed not in ('ok', 'pending', 'not_applicable') then 4
        when worked not in ('ok', 'pending', 'not_applicable') then 5
        when on_account not in ('ok', 'pending', 'not_applicable') then 6
        when opportunity not in ('ok', 'pending', 'not_applicable') then 7
        when won not in ('ok', 'pending', 'not_applicable') then 8
    end as broken_step
from judged
