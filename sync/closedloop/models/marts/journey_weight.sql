-- journey_weight: what each model gives to each event of a journey, as whole numbers (definition 12).
-- grain: one campaign with a weight on one journey of two events or more, in one model. Its share is `weight` ÷ `total`.
-- All three go by number (`journey_shape`, `campaign_number`, `param.attribution_model`): there are many rows.
-- A milestone that the journey does not have is dropped. Each milestone gets its weight times the number of other touches
-- (1 if none), each other touch the weight of the rest; a touch that holds several milestones gets their sum. A decaying
-- model reads its weights from a table, by the touch's age. Where a model gives nobody anything, all share equally.
-- `touches` and `key_place` are those of the journey; `is_equal`: all have the same weight.
with numbered as (
    select
        shape.journey_no,
        shape.touches,
        campaign.campaign_no,
        journey.place,
        journey.key_place,
        journey.age
    from journey
    inner join journey_shape as shape on shape.journey_key = journey.journey_key
    inner join campaign_number as campaign on campaign.campaign_key = journey.campaign_key
),

part as (
    select
        shape.journey_no,
        shape.touches,
        shape.lead_place,
        shape.opportunity_place,
        model.model_no,
        model.rest_weight,
        model.first_weight,
        model.last_weight,
        case when shape.lead_place > 0 then model.lead_weight else 0 end as lead_weight,
        case when shape.opportunity_place > 0 then model.opportunity_weight else 0 end as opportunity_weight
    from journey_shape as shape
    cross join param.attribution_model as model
    where model.half_life is null
),

counted as (
    select
        *,
        touches
        - case when first_weight > 0 then 1 else 0 end
        - case when last_weight > 0 then 1 else 0 end
        - case
            when lead_weight = 0 then 0
            when first_weight > 0 and lead_place = 1 then 0
            when last_weight > 0 and lead_place = touches then 0
            else 1
        end
        - case
            when opportunity_weight = 0 then 0
            when first_weight > 0 and opportunity_place = 1 then 0
            when last_weight > 0 and opportunity_place = touches then 0
            when lead_weight > 0 and opportunity_place = lead_place then 0
            else 1
        end as others
    from part
),

summed as (
    select
        *,
        greatest(others, 1) as factor,
        greatest(others, 1) * (first_weight + last_weight + lead_weight + opportunity_weight)
        + others * rest_weight as total
    from counted
),

held as (
    select
        summed.model_no,
        journey.journey_no,
        journey.campaign_no,
        journey.key_place,
        summed.touches,
        summed.others,
        summed.factor,
        summed.rest_weight,
        summed.total,
        case when journey.place = 1 then summed.first_weight else 0 end
        + case when journey.place = summed.touches then summed.last_weight else 0 end
        + case when journey.place = summed.lead_place then summed.lead_weight else 0 end
        + case when journey.place = summed.opportunity_place then summed.opportunity_weight else 0 end as milestones
    from summed
    inner join numbered as journey on journey.journey_no = summed.journey_no
),

aged as (
    select
        model.model_no,
        journey.journey_no,
        journey.campaign_no,
        journey.key_place,
        journey.touches,
        coalesce(decay.weight, 0) as weight,
        sum(coalesce(decay.weight, 0)) over (partition by model.model_no, journey.journey_no) as total
    from numbered as journey
    cross join param.attribution_model as model
    left join param.decay_weight as decay on decay.half_life = model.half_life and decay.age = journey.age
    where model.half_life is not null
),

weighed as (
    select
        model_no,
        journey_no,
        campaign_no,
        touches,
        key_place,
        total = 0 or others = touches as is_equal,
        case when total = 0 then 1 when milestones > 0 then milestones * factor else rest_weight end as weight,
        case when total = 0 then touches else total end as total
    from held
    union all
    select
        model_no,
        journey_no,
        campaign_no,
        touches,
        key_place,
        total = 0 as is_equal,
        case when total = 0 then 1 else weight end as weight,
        case when total = 0 then touches else total end as total
    from aged
)

select
    model_no,
    journey_no,
    campaign_no,
    cast(touches as integer) as touches,
    cast(key_place as integer) as key_place,
    is_equal,
    cast(weight as bigint) as weight,
    cast(total as bigint) as total
from weighed
where weight > 0
