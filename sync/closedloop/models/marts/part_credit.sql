-- part_credit: every amount split over the events of its journey (definition 12).
-- grain: one event of one part of one document, or of one opportunity, in one model. The shares of a part sum to it.
-- On the absolute amount: everybody gets the whole units of the share; the units that are left go one each to the
-- largest remainders, ties by campaign key in byte order; then the sign. Value and collected are split each by itself.
with item as (
    select
        part.document_key as item_key,
        part.part,
        part.journey_key,
        part.account_key,
        part.deal_key,
        bucket.bucket,
        part.value,
        part.collected
    from document_part as part
    inner join part_bucket as bucket on bucket.document_key = part.document_key and bucket.part = part.part
    where bucket.bucket in ('credited', 'no_deal')
    union all
    select
        opportunity_key as item_key,
        1 as part,
        opportunity_key as journey_key,
        account_key,
        opportunity_key as deal_key,
        case when is_won then 'won' else 'open' end as bucket,
        amount as value,
        cast(0 as bigint) as collected
    from opportunity_money
    where amount is not null and account_key is not null and (is_won or not is_closed)
),

weighed as (
    select
        item.*,
        weight.model,
        weight.campaign_key,
        cast(abs(cast(item.value as hugeint)) * weight.weight // weight.total as bigint) as value_floor,
        cast(abs(cast(item.value as hugeint)) * weight.weight % weight.total as bigint) as value_rest,
        cast(abs(cast(item.collected as hugeint)) * weight.weight // weight.total as bigint) as collected_floor,
        cast(abs(cast(item.collected as hugeint)) * weight.weight % weight.total as bigint) as collected_rest
    from item
    inner join journey_weight as weight on weight.journey_key = item.journey_key
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
    item_key,
    part,
    model,
    campaign_key,
    account_key,
    deal_key,
    bucket,
    cast(
        sign(value) * (value_floor + case when value_place <= value_left then 1 else 0 end) as bigint
    ) as value,
    cast(
        sign(collected) * (collected_floor + case when collected_place <= collected_left then 1 else 0 end) as bigint
    ) as collected
from placed
