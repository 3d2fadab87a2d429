-- group_largest: the largest amount that one account gives to the events, by the primary model.
-- grain: one group of events that is given something.
with summed as (
    select
        grouped.group_kind,
        grouped.group_key,
        credit.account_key,
        sum(credit.attributed) as attributed
    from account_credit as credit
    inner join campaign_group as grouped on grouped.campaign_key = credit.campaign_key
    group by grouped.group_kind, grouped.group_key, credit.account_key
)

select group_kind, group_key, cast(max(attributed) as bigint) as largest
from summed
group by group_kind, group_key
