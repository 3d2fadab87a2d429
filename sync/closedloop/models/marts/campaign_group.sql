-- campaign_group: what figures are published for: each event by itself, each series, each kind and each owner of events.
-- grain: one campaign in one group. What overlaps is counted over a group's distinct people, accounts and deals; what is
-- additive is summed over its campaigns.
select 'campaign' as group_kind, key as group_key, key as campaign_key, start_date, end_date
from campaign
union all
select 'series' as group_kind, series as group_key, key as campaign_key, start_date, end_date
from campaign
where series is not null
union all
select 'kind' as group_kind, kind as group_key, key as campaign_key, start_date, end_date
from campaign
where kind is not null
union all
select 'owner' as group_kind, owner_key as group_key, key as campaign_key, start_date, end_date
from campaign
where owner_key is not null
