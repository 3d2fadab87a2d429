-- campaign_model: what each event brought by each model, and the returns on its cost. Minor home units.
-- grain: one campaign in one model. Returns are blank without a cost, and until the day after the event's last day.
with gathered as (
    select
        credit.*,
        cost.cost,
        coalesce(run.as_of > campaign.end_date, false) as is_over
    from campaign_credit as credit
    cross join param.run as run
    inner join campaign on campaign.key = credit.campaign_key
    inner join campaign_cost as cost on cost.campaign_key = credit.campaign_key
)

select
    campaign_key,
    model,
    attributed,
    attributed_collected,
    attributed_no_deal,
    credited_won,
    credited_open,
    case when is_over then ratio(attributed - cost, cost) end as roi_realised,
    case when is_over then ratio(attributed_collected - cost, cost) end as roi_collected,
    case when is_over then ratio(credited_won - cost, cost) end as roi_closed_won,
    case when is_over then ratio(credited_won + credited_open_weighted - cost, cost) end as roi_pipeline
from gathered
