-- campaign_measures: the published figures of each event. Money in minor home units; an empty ratio prints blank.
-- grain: one campaign.
select
    campaign.key as campaign_key,
    campaign.name,
    campaign.kind,
    campaign.series,
    campaign.edition,
    campaign.start_date,
    campaign.end_date,
    campaign.url,
    campaign.source,
    campaign.object,
    campaign.source_id,
    measures.*,
    cost.cost_source,
    coalesce(measures.as_of - campaign.end_date < cycle.touch_to_won_p80, false) as immature
from campaign
cross join company_cycle as cycle
inner join campaign_cost as cost on cost.campaign_key = campaign.key
inner join group_measures as measures on measures.group_kind = 'campaign' and measures.group_key = campaign.key
