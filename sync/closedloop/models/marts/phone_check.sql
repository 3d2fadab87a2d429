-- phone_check: the telephone numbers that decide whether an attendee can be reached, because no e-mail address can.
-- grain: one number as it is written, with the country of the account. Numbering plans are no matter of SQL: what looks
-- like a number is then checked by `closedloop.models.phones`, which mends `is_valid`.
with unreached as (
    select touch.phone as touch_phone, person.phone, person.mobile, account.country
    from touch_resolved as resolved
    inner join touch on touch.key = resolved.touch_key
    left join person on person.key = resolved.person_key
    left join account on account.key = resolved.account_key
    where resolved.is_credit and not is_email(touch.email) and not is_email(person.email)
),

stated as (
    select touch_phone as phone, country
    from unreached
    union
    select phone, country
    from unreached
    union
    select mobile as phone, country
    from unreached
)

select phone, coalesce(country, '') as country, is_phone(phone) as is_valid
from stated
where phone is not null
