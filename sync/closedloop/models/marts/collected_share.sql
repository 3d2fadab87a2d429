-- collected_share: what each event is given, by the primary model, on the days on which its documents were paid.
-- grain: one day of one event of one part of one document. Over the days they sum to what `part_credit` collected.
-- What was settled in one go is there already; else the amount cumulated by each day is split as `part_credit` does it,
-- and a day's share is the difference to the day before.
with weighed as (
    select
        paid.item_key,
        paid.part,
        paid.date,
        paid.collected_to,
        campaign.campaign_key,
        share_whole(paid.collected_to, weight.weight, weight.total) as share_floor,
        share_rest(paid.collected_to, weight.weight, weight.total) as share_rest
    from collected_day as paid
    inner join journey_shape as shape on shape.journey_key = paid.journey_key
    inner join journey_weight as weight on weight.journey_no = shape.journey_no
    inner join param.attribution_model as model on model.model_no = weight.model_no
    inner join param.run as run on run.primary_model = model.model
    inner join campaign_number as campaign on campaign.campaign_no = weight.campaign_no
    where paid.days > 1
    union all
    select
        paid.item_key,
        paid.part,
        paid.date,
        paid.collected_to,
        journey.campaign_key,
        abs(paid.collected_to) as share_floor,
        0 as share_rest
    from collected_day as paid
    inner join journey on journey.journey_key = paid.journey_key
    where paid.days > 1 and journey.touches = 1
),

placed as (
    select
        *,
        abs(collected_to) - sum(share_floor) over (partition by item_key, part, date) as units_left,
        row_number() over (partition by item_key, part, date order by share_rest desc, campaign_key) as place
    from weighed
),

cumulated as (
    select
        item_key,
        part,
        date,
        campaign_key,
        cast(
            sign(collected_to) * (share_floor + case when place <= units_left then 1 else 0 end) as bigint
        ) as collected_to
    from placed
)

select
    item_key,
    part,
    campaign_key,
    date,
    collected_to
    - coalesce(lag(collected_to) over (partition by item_key, part, campaign_key order by date), 0) as collected
from cumulated
union all
select paid.item_key, paid.part, credit.campaign_key, paid.date, credit.collected
from collected_day as paid
inner join primary_credit as credit on credit.item_key = paid.item_key and credit.part = paid.part
where paid.days = 1 and credit.bucket = 'credited'
