-- contact_credit: what each person at an event is given of their account's credit there (definition 15).
-- grain: one person, or one raw identity, of one account at one campaign. Equal shares by the same split as always: the
-- units that are left go one each to the first in the order of the identities' keys.
with member as (
    select
        touch.campaign_key,
        touch.account_key,
        touch.person_identity,
        touch.person_key,
        row_number() over (
            partition by touch.campaign_key, touch.account_key order by touch.person_identity
        ) as place,
        count(*) over (partition by touch.campaign_key, touch.account_key) as people
    from touch_resolved as touch
    where touch.is_credit and touch.account_key is not null
)

select
    member.campaign_key,
    member.account_key,
    member.person_identity,
    member.person_key,
    cast(
        sign(credit.attributed) * (
            abs(credit.attributed) // member.people
            + case when member.place <= abs(credit.attributed) % member.people then 1 else 0 end
        ) as bigint
    ) as attributed,
    cast(
        sign(credit.attributed_collected) * (
            abs(credit.attributed_collected) // member.people
            + case when member.place <= abs(credit.attributed_collected) % member.people then 1 else 0 end
        ) as bigint
    ) as attributed_collected
from account_credit as credit
inner join member on member.campaign_key = credit.campaign_key and member.account_key = credit.account_key
