-- campaign_record: every campaign of every system with the one that it stands for.
-- grain: one campaign that is not deleted, also one that was merged or is one event with another: what it says still counts
-- for the survivor. Money in minor units of its currency; home currency where none is given.
select
    campaign.key,
    coalesce(survivor.survivor_key, campaign.key) as campaign_key,
    campaign.source,
    campaign.object,
    campaign.source_id,
    campaign.url,
    coalesce(blank_to_null(campaign.name), campaign.source_id) as name,
    blank_to_null(campaign.code) as code,
    campaign.kind,
    campaign.series,
    campaign.edition,
    campaign.start_date,
    greatest(campaign.start_date, coalesce(campaign.end_date, campaign.start_date)) as end_date,
    campaign.status,
    coalesce(campaign.currency, run.home_currency) as currency,
    to_minor(campaign.budget, coalesce(currency.scale, 100)) as budget,
    to_minor(campaign.actual_cost, coalesce(currency.scale, 100)) as actual_cost,
    campaign.expected_attendees,
    campaign.owner_key,
    row_number() over (
        partition by coalesce(survivor.survivor_key, campaign.key)
        order by
            case when survivor.survivor_key is null then 0 else 1 end,
            coalesce(connection.place, 1000000),
            campaign.source,
            campaign.key
    ) as place
from staging.campaign as campaign
cross join param.run as run
left join param.currency as currency on currency.currency = coalesce(campaign.currency, run.home_currency)
left join param.connection as connection on connection.connection = campaign.source
left join survivor on survivor.entity = 'campaign' and survivor.key = campaign.key
where campaign.deleted_at is null
