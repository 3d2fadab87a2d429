-- campaign_evidence: what tells that campaigns of two systems are one event, normalised once.
-- grain: one campaign that is not deleted or merged away. `place` is its connection's: the lowest is kept.
select
    campaign.key,
    campaign.source,
    coalesce(connection.place, 1000000) as place,
    campaign.source_id,
    upper(blank_to_null(campaign.code)) as code,
    normal_name(campaign.name) as name,
    coalesce(blank_to_null(campaign.name), campaign.source_id) as title,
    campaign.start_date,
    blank_to_null(campaign.same_as) as same_as
from staging.campaign as campaign
left join param.connection as connection on connection.connection = campaign.source
left join survivor_stated as survivor on survivor.entity = 'campaign' and survivor.key = campaign.key
where campaign.deleted_at is null and survivor.key is null
