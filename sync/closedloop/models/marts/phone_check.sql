-- phone_check: the telephone numbers that decide whether an attendee can be reached, because no e-mail address can.
-- grain: one number as it is written, with the country of the account. Numbering plans are no matter of SQL: what looks
-- like a number is then checked by `closedloop.models.phones`, which mends `is_valid`.
with reached as (
    select touch_key
    from attendee_contact
    group by touch_key
    having bool_or(is_address)
)

select distinct contact.phone, contact.country, is_phone(contact.phone) as is_valid
from attendee_contact as contact
left join reached on reached.touch_key = contact.touch_key
where contact.phone is not null and reached.touch_key is null
