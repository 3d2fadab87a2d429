-- group_sources: deals that the events sourced and influenced (definition 14). Overlapping.
-- grain: one group of events with such a deal. Amounts are those of now.
with distinct_deal as (
    select distinct grouped.group_kind, grouped.group_key, source.opportunity_key, source.rule
    from opportunity_source as source
    inner join campaign_group as grouped on grouped.campaign_key = source.campaign_key
),

counted as (
    select
        source.group_kind,
        source.group_key,
        source.rule,
        count(*) as deals,
        cast(coalesce(sum(deal.amount), 0) as bigint) as amount
    from distinct_deal as source
    inner join opportunity_money as deal on deal.opportunity_key = source.opportunity_key
    group by source.group_kind, source.group_key, source.rule
)

select
    counted.group_kind,
    counted.group_key,
    max(counted.deals) filter (where counted.rule = run.sourced) as sourced,
    max(counted.amount) filter (where counted.rule = run.sourced) as sourced_amount,
    max(counted.deals) filter (where counted.rule = 'first_touch') as sourced_first_touch,
    max(counted.amount) filter (where counted.rule = 'first_touch') as sourced_first_touch_amount,
    max(counted.deals) filter (where counted.rule = 'lead_source') as sourced_lead_source,
    max(counted.amount) filter (where counted.rule = 'lead_source') as sourced_lead_source_amount,
    max(counted.deals) filter (where counted.rule = 'before_sales') as sourced_before_sales,
    max(counted.amount) filter (where counted.rule = 'before_sales') as sourced_before_sales_amount,
    max(counted.deals) filter (where counted.rule = 'influenced') as influenced,
    max(counted.amount) filter (where counted.rule = 'influenced') as influenced_amount
from counted
cross join param.run as run
group by counted.group_kind, counted.group_key
