-- contact_shares: what the people of an account are given at an event sums to the account's credit there (definition 15).
-- A credit note may credit another account's invoice, and then takes back at events where nobody of its account was.
with shared as (
    select
        campaign_key,
        account_key,
        sum(attributed) as attributed,
        sum(attributed_collected) as attributed_collected
    from contact_credit
    group by campaign_key, account_key
),

present as (
    select distinct campaign_key, account_key
    from touch_resolved
    where is_credit
)

select
    'account ' || credit.account_key as record,
    'its people at ' || credit.campaign_key || ' are not given what it is given' as detail
from account_credit as credit
inner join present on present.campaign_key = credit.campaign_key and present.account_key = credit.account_key
left join shared on shared.campaign_key = credit.campaign_key and shared.account_key = credit.account_key
where
    coalesce(shared.attributed, 0) <> credit.attributed
    or coalesce(shared.attributed_collected, 0) <> credit.attributed_collected
