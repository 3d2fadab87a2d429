-- attendee_contact: what else is known to reach an attendee whose e-mail address cannot be delivered: the addresses and
-- numbers on every registration of theirs for the event, and on every record of the person in the CRM.
-- grain: one address or number, as it is written, of one credit touch without a good address on the registration or the
-- person; one row without either where nothing is known. `country` is the account's, to read a number in.
with attendee as (
    select resolved.touch_key, resolved.campaign_key, resolved.person_identity, resolved.person_key, account.country
    from touch_resolved as resolved
    inner join touch_evidence as evidence on evidence.key = resolved.touch_key
    left join person on person.key = resolved.person_key
    left join account on account.key = resolved.account_key
    where resolved.is_credit and case when evidence.email is not null then false else not is_email(person.email) end
),

registration as (
    select touch.campaign_key, coalesce(link.person_key, evidence.identity_key) as person_identity, touch.email, touch.phone
    from touch
    inner join touch_evidence as evidence on evidence.key = touch.key
    left join link_person as link on link.identity_key = touch.key
    where touch.status <> 'cancelled' and (touch.email is not null or touch.phone is not null)
),

stated as (
    select touch_key, country, cast(null as varchar) as email, cast(null as varchar) as phone
    from attendee
    union
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

select touch_key, email, phone, is_email(email) as is_address, coalesce(country, '') as country
from stated
