-- outlook_account: what each account was credited with at each event by the age of the outlook (definition 17).
-- grain: one account reached by one event, or credited to it by then, of an event that is old enough and has a cost.
-- Credited: the primary model's split of documents dated on or before the age's day; taken back, it may be below zero.
with event as (
    select age.campaign_key, age.as_of
    from campaign_age as age
    inner join campaign_cost as cost on cost.campaign_key = age.campaign_key
    where age.age_name = 'outlook' and age.is_shown and cost.cost > 0
),

part as (
    select event.campaign_key, reached.account_key, cast(0 as bigint) as value
    from event
    inner join campaign_account as reached on reached.campaign_key = event.campaign_key
    union all
    select event.campaign_key, credit.account_key, credit.value
    from event
    inner join primary_credit as credit
        on credit.campaign_key = event.campaign_key
        and credit.date <= event.as_of
        and credit.bucket = 'credited'
)

select campaign_key, account_key, cast(sum(value) as bigint) as credited
from part
group by campaign_key, account_key
