-- collected_credit_days: the days on which money came in sum to the collected credit of each event (definitions 4 and 12).
with daily as (
    select campaign_key, sum(collected) as collected
    from collected_credit
    group by campaign_key
),

credited as (
    select credit.campaign_key, sum(credit.collected) as collected
    from attribution_credit as credit
    inner join param.run as run on run.primary_model = credit.model
    group by credit.campaign_key
)

select credited.campaign_key as record, 'the days do not sum to what was collected' as detail
from credited
left join daily on daily.campaign_key = credited.campaign_key
where credited.collected <> coalesce(daily.collected, 0)
