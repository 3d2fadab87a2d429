-- campaign_credit: what each model gives to each event, summed (definitions 12 and 13). Additive.
-- grain: one campaign in one model, also where it gets nothing. `credited_open_weighted` counts each open deal's share by
-- the deal's probability, rounded per deal; the amounts of deals are kept apart from those of documents.
with sole as (
    select campaign_key, bucket, is_new_business, sum(value) as value, sum(collected) as collected
    from sole_credit
    group by campaign_key, bucket, is_new_business
),

shared as (
    select
        credit.campaign_no,
        credit.model_no,
        item.bucket,
        item.is_new_business,
        sum(credit.value) as value,
        sum(credit.collected) as collected
    from shared_credit as credit
    inner join credit_item as item on item.item_no = credit.item_no
    group by credit.campaign_no, credit.model_no, item.bucket, item.is_new_business
),

given as (
    select number.campaign_key, model.model, shared.bucket, shared.is_new_business, shared.value, shared.collected
    from shared
    inner join campaign_number as number on number.campaign_no = shared.campaign_no
    inner join param.attribution_model as model on model.model_no = shared.model_no
    union all
    select sole.campaign_key, model.model, sole.bucket, sole.is_new_business, sole.value, sole.collected
    from sole
    cross join param.attribution_model as model
),

summed as (
    select
        campaign_key,
        model,
        sum(case when bucket = 'credited' then value end) as attributed,
        sum(case when bucket = 'credited' then collected end) as attributed_collected,
        sum(case when bucket = 'no_deal' then value end) as attributed_no_deal,
        sum(case when bucket = 'credited' and is_new_business then value end) as new_business,
        sum(case when bucket = 'won' then value end) as credited_won,
        sum(case when bucket = 'open' then value end) as credited_open
    from given
    group by campaign_key, model
),

weighted as (
    select
        credit.campaign_key,
        credit.model,
        sum(
            mul_div(credit.value, cast(deal.probability * cast(1000000 as decimal(7, 0)) as bigint), 1000000)
        ) as credited_open
    from part_credit as credit
    inner join opportunity_money as deal on deal.opportunity_key = credit.deal_key
    where credit.bucket = 'open'
    group by credit.campaign_key, credit.model
)

select
    campaign.key as campaign_key,
    model.model,
    cast(coalesce(summed.attributed, 0) as bigint) as attributed,
    cast(coalesce(summed.attributed_collected, 0) as bigint) as attributed_collected,
    cast(coalesce(summed.attributed_no_deal, 0) as bigint) as attributed_no_deal,
    cast(coalesce(summed.new_business, 0) as bigint) as attributed_new_business,
    cast(coalesce(summed.credited_won, 0) as bigint) as credited_won,
    cast(coalesce(summed.credited_open, 0) as bigint) as credited_open,
    cast(coalesce(weighted.credited_open, 0) as bigint) as credited_open_weighted
from campaign
cross join param.attribution_model as model
left join summed on summed.campaign_key = campaign.key and summed.model = model.model
left join weighted on weighted.campaign_key = campaign.key and weighted.model = model.model
