-- part_credit: every amount split over the events of its journey (definition 12).
-- grain: one event of one part of one document, or of one opportunity, in one model. The shares of a part sum to it.
-- On the absolute amount: everybody gets the whole units of the share; the units that are left go one each to the
-- largest remainders, ties by campaign key in byte order; then the sign. Value and collected are split each by itself.
-- Who has all the weight gets the amount without further ado: most journeys have one event.
with weighed as (
    select
        item.*,
        weight.model,
        weight.campaign_key,
        cast(abs(cast(item.value as hugeint)) * weight.weight // weight.total as bigint) as value_floor,
        cast(abs(cast(item.value as hugeint)) * weight.weight % weight.total as bigint) as value_rest,
        cast(abs(cast(item.collected as hugeint)) * weight.weight // weight.total as bigint) as collected_floor,
        cast(abs(cast(item.collected as hugeint)) * weight.weight % weight.total as bigint) as collected_rest
    from credit_item as item
    inner join journey_weight as weight on weight.journey_key = item.journey_key
    where weight.weight < weight.total
),

placed as (
    select
        *,
        abs(value) - sum(value_floor) over (partition by item_key, part, model) as value_left,
        abs(collected) - sum(collected_floor) over (partition by item_key, part, model) as collected_left,
        row_number() over (
            partition by item_key, part, model order by value_rest desc, campaign_key
        ) as value_place,
        row_number() over (
            partition by item_key, part, model order by collected_rest desc, campaign_key
        ) as collected_place
    from weighed
)

select
    item.item_key,
    item.part,
    item.parts,
    weight.model,
    weight.campaign_key,
    item.account_key,
    item.deal_key,
    item.date,
    item.bucket,
    item.is_new_business,
    item.value,
    item.collected
from credit_item as item
inner join journey_weight as weight on weight.journey_key = item.journey_key
where weight.weight = weight.total
union all
select
    item_key,
    part,
    parts,
    model,
    campaign_key,
    account_key,
    deal_key,
    date,
    bucket,
    is_new_business,
    cast(
        sign(value) * (value_floor + case when value_place <= value_left then 1 else 0 end) as bigint
    ) as value,
    cast(
        sign(collected) * (collected_floor + case when collected_place <= collected_left then 1 else 0 end) as bigint
    ) as collected
from placed
