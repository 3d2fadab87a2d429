-- shared_credit: every amount with several events on its journey, split over them (definition 12).
-- grain: one event of one part of one document, or of one opportunity, in one model. The shares of a part sum to it.
-- On the absolute amount: everybody gets the whole units of the share; the units that are left go one each to the
-- largest remainders, ties by campaign key in byte order; then the sign. Value and collected are split each by itself.
-- Most shares need no look at the others: who has all the weight gets the amount (`whole`), of two touches the larger
-- remainder gets the unit that is left, and among equal weights the first by key do (`near`). The rest is ranked (`far`);
-- there, what was collected is split a second time only where it is neither nothing nor everything.
with near as (
    select
        item.*,
        weight.model,
        weight.campaign_key,
        weight.total,
        weight.touches,
        weight.key_place,
        share_whole(item.value, weight.weight, weight.total) as value_floor,
        share_rest(item.value, weight.weight, weight.total) as value_rest,
        share_whole(item.collected, weight.weight, weight.total) as collected_floor,
        share_rest(item.collected, weight.weight, weight.total) as collected_rest
    from credit_item as item
    inner join journey_weight as weight on weight.journey_key = item.journey_key
    where
        weight.weight < weight.total
        and (weight.touches = 2 or weight.is_equal)
),

amount as (
    select item_key, part, journey_key, false as is_collected, value as amount
    from credit_item
    union all
    select item_key, part, journey_key, true as is_collected, collected as amount
    from credit_item
    where collected <> 0 and collected <> value
),

far as (
    select
        amount.item_key,
        amount.part,
        amount.is_collected,
        amount.amount,
        weight.model,
        weight.campaign_key,
        share_whole(amount.amount, weight.weight, weight.total) as value_floor,
        share_rest(amount.amount, weight.weight, weight.total) as value_rest
    from amount
    inner join journey_weight as weight on weight.journey_key = amount.journey_key
    where
        weight.weight < weight.total
        and weight.touches > 2
        and not weight.is_equal
),

placed as (
    select
        *,
        abs(amount) - sum(value_floor) over (partition by item_key, part, is_collected, model) as value_left,
        row_number() over (
            partition by item_key, part, is_collected, model order by value_rest desc, campaign_key
        ) as value_place
    from far
),

ranked as (
    select
        item_key,
        part,
        is_collected,
        model,
        campaign_key,
        cast(
            sign(amount) * (value_floor + case when value_place <= value_left then 1 else 0 end) as bigint
        ) as share
    from placed
)

select
    item.item_key,
    item.part,
    item.parts,
    whole.model,
    whole.campaign_key,
    item.account_key,
    item.deal_key,
    item.date,
    item.bucket,
    item.is_new_business,
    item.value,
    item.collected
from credit_item as item
inner join journey_weight as whole on whole.journey_key = item.journey_key
where whole.weight = whole.total
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
        sign(value) * (value_floor + case
            when touches > 2 then case when key_place <= abs(value) % touches then 1 else 0 end
            when 2 * value_rest > total or (2 * value_rest = total and key_place = 1) then 1
            else 0
        end) as bigint
    ) as value,
    cast(
        sign(collected) * (collected_floor + case
            when touches > 2 then case when key_place <= abs(collected) % touches then 1 else 0 end
            when 2 * collected_rest > total or (2 * collected_rest = total and key_place = 1) then 1
            else 0
        end) as bigint
    ) as collected
from near
union all
select
    item.item_key,
    item.part,
    item.parts,
    ranked.model,
    ranked.campaign_key,
    item.account_key,
    item.deal_key,
    item.date,
    item.bucket,
    item.is_new_business,
    ranked.share as value,
    case when item.collected = item.value then ranked.share else coalesce(apart.share, 0) end as collected
from ranked
inner join credit_item as item on item.item_key = ranked.item_key and item.part = ranked.part
left join ranked as apart
    on apart.item_key = ranked.item_key
    and apart.part = ranked.part
    and apart.model = ranked.model
    and apart.campaign_key = ranked.campaign_key
    and apart.is_collected
where not ranked.is_collected
