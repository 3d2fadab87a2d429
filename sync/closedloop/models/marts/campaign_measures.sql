-- campaign_measures: the published figures of each event. Money in minor home units; an empty ratio prints blank.
-- grain: one campaign. The ends of the win rate's interval are filled in afterwards by `closedloop.models.intervals`.
with people as (
    select
        campaign_key,
        count(*) filter (where status = 'attended') as attended,
        count(*) filter (where is_credit and has_identity) as leads_captured
    from touch_resolved
    group by campaign_key
),

reached as (
    select
        campaign_key,
        count(*) as accounts_reached,
        sum(invoiced) as invoiced,
        sum(collected) as collected,
        sum(invoiced_after) as invoiced_after,
        sum(collected_after) as collected_after,
        count(*) filter (where is_new_customer) as new_customers,
        sum(not_convertible) as not_convertible
    from campaign_account
    group by campaign_key
),

pipeline as (
    select
        campaign_key,
        count(*) filter (where by_account and role = 'created') as created,
        count(*) filter (where by_role and role = 'created') as created_role,
        count(*) filter (where by_account and role = 'advanced') as advanced,
        sum(amount_created) filter (where by_account and role = 'created') as amount_created,
        sum(amount_at_event) filter (where by_account and role = 'advanced') as amount_at_event,
        sum(amount_now) filter (where by_account and not is_closed) as amount_open,
        sum(
            mul_div(amount_now, cast(probability * cast(1000000 as decimal(7, 0)) as bigint), 1000000)
        ) filter (where by_account and not is_closed) as amount_weighted,
        count(*) filter (where by_account and role = 'created' and is_won) as won,
        count(*) filter (where by_account and role = 'created' and is_closed and not is_won) as lost,
        count(*) filter (where by_account and role = 'created' and not is_closed) as open_count
    from campaign_opportunity
    group by campaign_key
),

credited as (
    select campaign_key, sum(value) as value, sum(collected) as collected
    from attribution_credit
    where model = 'linear'
    group by campaign_key
),

no_deal as (
    select campaign_key, sum(value) as value
    from attribution_no_deal
    where model = 'linear'
    group by campaign_key
),

deals as (
    select
        campaign_key,
        sum(amount) filter (where state = 'won') as won,
        sum(amount) filter (where state = 'open') as open
    from opportunity_credit
    where model = 'linear'
    group by campaign_key
),

gathered as (
    select
        campaign.*,
        run.as_of,
        coalesce(people.attended, 0) as attended,
        coalesce(people.leads_captured, 0) as leads_captured,
        coalesce(reached.accounts_reached, 0) as accounts_reached,
        cast(coalesce(reached.invoiced, 0) as bigint) as attendee_ltv,
        cast(coalesce(reached.collected, 0) as bigint) as attendee_ltv_collected,
        cast(coalesce(reached.invoiced_after, 0) as bigint) as ltv_after_event,
        cast(coalesce(reached.collected_after, 0) as bigint) as ltv_after_event_collected,
        coalesce(reached.new_customers, 0) as new_customers,
        coalesce(pipeline.created, 0) as opportunities_created,
        coalesce(pipeline.created_role, 0) as opportunities_created_role,
        coalesce(pipeline.advanced, 0) as opportunities_advanced,
        cast(coalesce(pipeline.amount_created, 0) as bigint) as pipeline_created,
        cast(coalesce(pipeline.amount_at_event, 0) as bigint) as pipeline_at_event,
        cast(coalesce(pipeline.amount_open, 0) as bigint) as pipeline_open,
        cast(coalesce(pipeline.amount_weighted, 0) as bigint) as pipeline_weighted,
        coalesce(pipeline.won, 0) as won,
        coalesce(pipeline.lost, 0) as lost,
        coalesce(pipeline.open_count, 0) as open_count,
        cast(coalesce(deals.won, 0) as bigint) as credited_won_linear,
        cast(coalesce(deals.open, 0) as bigint) as credited_open_linear,
        cast(coalesce(credited.value, 0) as bigint) as attributed_linear,
        cast(coalesce(credited.collected, 0) as bigint) as attributed_linear_collected,
        cast(coalesce(no_deal.value, 0) as bigint) as attributed_linear_no_deal,
        cost.cost,
        cost.cost_source,
        cost.budget as home_budget,
        cast(coalesce(reached.not_convertible, 0) as bigint) as not_convertible,
        coalesce(run.as_of > campaign.end_date, false) as is_over,
        coalesce(run.as_of - campaign.end_date < cycle.touch_to_won_p80, false) as immature
    from campaign
    cross join param.run as run
    cross join company_cycle as cycle
    left join people on people.campaign_key = campaign.key
    left join reached on reached.campaign_key = campaign.key
    left join pipeline on pipeline.campaign_key = campaign.key
    left join credited on credited.campaign_key = campaign.key
    left join no_deal on no_deal.campaign_key = campaign.key
    left join deals on deals.campaign_key = campaign.key
    left join campaign_cost as cost on cost.campaign_key = campaign.key
)

select
    key as campaign_key,
    name,
    kind,
    series,
    edition,
    start_date,
    end_date,
    url,
    source,
    object,
    source_id,
    as_of,
    attended,
    leads_captured,
    accounts_reached,
    attendee_ltv,
    attendee_ltv_collected,
    ltv_after_event,
    ltv_after_event_collected,
    new_customers,
    opportunities_created,
    opportunities_created_role,
    opportunities_advanced,
    pipeline_created,
    pipeline_at_event,
    pipeline_open,
    pipeline_weighted,
    won,
    lost,
    open_count,
    case when won + lost > 0 then cast(ratio(won, won + lost) as decimal(9, 6)) end as win_rate,
    cast(null as decimal(9, 6)) as win_rate_low,
    cast(null as decimal(9, 6)) as win_rate_high,
    credited_won_linear,
    credited_open_linear,
    attributed_linear,
    attributed_linear_collected,
    attributed_linear_no_deal,
    cost,
    cost_source,
    home_budget as budget,
    case when attended > 0 then mul_div(cost, 1, attended) end as cost_per_attendee,
    case when leads_captured > 0 then mul_div(cost, 1, leads_captured) end as cost_per_lead,
    case when opportunities_created > 0 then mul_div(cost, 1, opportunities_created) end as cost_per_opportunity,
    case when new_customers > 0 then mul_div(cost, 1, new_customers) end as cost_per_new_customer,
    case when is_over then ratio(attributed_linear - cost, cost) end as roi_realised,
    case when is_over then ratio(attributed_linear_collected - cost, cost) end as roi_collected,
    case when is_over then ratio(credited_won_linear - cost, cost) end as roi_closed_won,
    case
        when cost is null then 'no_cost'
        when not is_over then 'not_yet'
    end as roi_blank_reason,
    not_convertible,
    immature
from gathered
