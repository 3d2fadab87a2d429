-- group_cost: what the events cost, as far as it is known, and when they were.
-- grain: one group of events. A group is over when its last event is; `without_cost` counts events of unknown cost.
select
    grouped.group_kind,
    grouped.group_key,
    count(*) as campaigns,
    min(grouped.start_date) as first_start_date,
    max(grouped.end_date) as last_end_date,
    cast(sum(cost.cost) as bigint) as cost,
    cast(sum(cost.budget) as bigint) as budget,
    count(*) filter (where cost.cost is null) as without_cost
from campaign_group as grouped
inner join campaign_cost as cost on cost.campaign_key = grouped.campaign_key
group by grouped.group_kind, grouped.group_key
