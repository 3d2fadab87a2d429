-- attendee_contact: the e-mail addresses and telephone numbers of each attendee, wherever they are known: on every
-- registration of theirs for the event, and on every record of the person in the CRM.
-- grain: one address or number of one credit touch, as it is written. `country` is the account's, to read a number in.
with attendee as (
    select resolved.touch_key, resolved.campaign_key, resolved.person_identity, resolved.person_key, account.country
    from touch_resolved as resolved
    left join account on account.key = resolved.account_key
    where resolved.is_credit
),

registration as (
    select touch.campaign_key, coalesce(link.person_key, evidence.identity_key) as person_identity, touch.email, touch.phone
    from touch
    inner join touch_evidence as evidence on evidence.key = touch.key
    left join link_person as link on link.identity_key = touch.key
    where touch.status <> 'cancelled' and (touch.email is not null or touch.phone is not null)
),

stated as (
    select attendee.touch_key, attendee.country, registration.email, registration.phone
    from attendee
    inner join registration
        on registration.campaign_key = attendee.campaign_key and registration.person_identity = attendee.person_identity
    union
    select attendee.touch_key, attendee.country, record.email, record.phone
    from attendee
    inner join person_record as record on record.person_key = attendee.person_key
    union
    select attendee.touch_key, attendee.country, cast(null as varchar) as email, record.mobile as phone
    from attendee
    inner join person_record as record on record.person_key = attendee.person_key
)

select touch_key, email, phone, coalesce(country, '') as country
from stated
where email is not null or phone is not null
