-- collected_days: what an event is given on the days of the payments sums to what it is given of the collected.
with paid as (
    select campaign_key, sum(collected) as collected
    from campaign_day
    group by campaign_key
)

select 'campaign ' || credit.campaign_key as record, 'its days do not sum to what was collected' as detail
from campaign_credit as credit
inner join param.run as run on run.primary_model = credit.model
left join paid on paid.campaign_key = credit.campaign_key
where coalesce(paid.collected, 0) <> credit.attributed_collected
