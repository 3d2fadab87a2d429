-- shared_credit: every amount with several events on its journey, split over them (definition 12).
-- grain: one event of one part of one document, or of one opportunity, in one model. The shares of a part sum to it.
-- All three go by number (`credit_item`, `campaign_number`, `param.attribution_model`): there are many rows.
-- On the absolute amount: everybody gets the whole units of the share; the units that are left go one each to the
-- largest remainders, ties by campaign key in byte order, which is that of the numbers; then the sign. Value and collected are split each by itself.
-- Most shares need no look at the others: who has all the weight gets the amount (`whole`), of two touches the larger
-- remainder gets the unit that is left, and among equal weights the first by key do (`near`). The rest is ranked (`far`);
-- there, what was collected is split a second time only where it is neither nothing nor everything.
with item as (
    select credit.item_no, shape.journey_no, credit.value, credit.collected
    from credit_item as credit
    inner join journey_shape as shape on shape.journey_key = credit.journey_key
),

near as (
    select
        item.item_no,
        item.value,
        item.collected,
        weight.model_no,
        weight.campaign_no,
        weight.total,
        weight.touches,
        weight.key_place,
        share_whole(item.value, weight.weight, weight.total) as value_floor,
        share_rest(item.value, weight.weight, weight.total) as value_rest,
        share_whole(item.collected, weight.weight, weight.total) as collected_floor,
        share_rest(item.collected, weight.weight, weight.total) as collected_rest
    from item
    inner join journey_weight as weight on weight.journey_no = item.journey_no
    where
        weight.weight < weight.total
        and (weight.touches = 2 or weight.is_equal)
),

amount as (
    select item_no, journey_no, false as is_collected, value as amount, collected = value as is_all
    from item
    union all
    select item_no, journey_no, true as is_collected, collected as amount, false as is_all
    from item
    where collected <> 0 and collected <> value
),

far as (
    select
        amount.item_no,
        amount.is_collected,
        amount.amount,
        amount.is_all,
        weight.model_no,
        weight.campaign_no,
        share_whole(amount.amount, weight.weight, weight.total) as value_floor,
        share_rest(amount.amount, weight.weight, weight.total) as value_rest
    from amount
    inner join journey_weight as weight on weight.journey_no = amount.journey_no
    where
        weight.weight < weight.total
        and weight.touches > 2
        and not weight.is_equal
),

placed as (
    select
        *,
        abs(amount) - sum(value_floor) over (partition by item_no, is_collected, model_no) as value_left,
        row_number() over (partition by item_no, is_collected, model_no order by value_rest desc, campaign_no) as value_place
    from far
),

ranked as (
    select
        item_no,
        is_collected,
        is_all,
        model_no,
        campaign_no,
        cast(
            sign(amount) * (value_floor + case when value_place <= value_left then 1 else 0 end) as bigint
        ) as share
    from placed
)

select item.item_no, whole.model_no, whole.campaign_no, item.value, item.collected
from item
inner join journey_weight as whole on whole.journey_no = item.journey_no
where whole.weight = whole.total
union all
select
    item_no,
    model_no,
    campaign_no,
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
    ranked.item_no,
    ranked.model_no,
    ranked.campaign_no,
    ranked.share as value,
    case when ranked.is_all then ranked.share else coalesce(apart.share, 0) end as collected
from ranked
left join ranked as apart
    on apart.item_no = ranked.item_no
    and apart.model_no = ranked.model_no
    and apart.campaign_no = ranked.campaign_no
    and apart.is_collected
where not ranked.is_collected
