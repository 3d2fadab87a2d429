-- collected_credit: what each event got of the money that came in on each day, by the primary model (definitions 4, 12).
-- grain: one day of one event of one part of one credited document. Additive: the days sum to the collected amount of
-- `attribution_credit`. The split of each cumulated amount is the difference's end, so that a figure of a past day is
-- exactly the split of what was collected by then. The last day's split is the published one.
with item as (
    select
        part.document_key,
        part.part,
        part.journey_key,
        paid.day,
        paid.collected_to,
        paid.is_last,
        paid.is_only
    from collected_part as paid
    inner join document_part as part on part.document_key = paid.document_key and part.part = paid.part
    inner join part_bucket as bucket on bucket.document_key = paid.document_key and bucket.part = paid.part
    where bucket.bucket = 'credited'
),

weighed as (
    select
        item.document_key,
        item.part,
        item.day,
        item.collected_to,
        weight.campaign_key,
        cast(abs(cast(item.collected_to as hugeint)) * weight.weight // weight.total as bigint) as share_floor,
        cast(abs(cast(item.collected_to as hugeint)) * weight.weight % weight.total as bigint) as share_rest
    from item
    cross join param.run as run
    inner join journey_weight as weight
        on weight.journey_key = item.journey_key and weight.model = run.primary_model
    where not item.is_last
),

placed as (
    select
        *,
        abs(collected_to) - sum(share_floor) over (partition by document_key, part, day) as left_over,
        row_number() over (partition by document_key, part, day order by share_rest desc, campaign_key) as place
    from weighed
),

split as (
    select
        document_key,
        part,
        campaign_key,
        day,
        cast(
            sign(collected_to) * (share_floor + case when place <= left_over then 1 else 0 end) as bigint
        ) as collected_to
    from placed
    union all
    select item.document_key, item.part, credit.campaign_key, item.day, credit.collected as collected_to
    from item
    cross join param.run as run
    inner join part_credit as credit
        on credit.item_key = item.document_key
        and credit.part = item.part
        and credit.model = run.primary_model
        and credit.bucket = 'credited'
    where item.is_last and not item.is_only
)

select item.document_key, item.part, credit.campaign_key, item.day, credit.collected
from item
cross join param.run as run
inner join part_credit as credit
    on credit.item_key = item.document_key
    and credit.part = item.part
    and credit.model = run.primary_model
    and credit.bucket = 'credited'
where item.is_only
union all
select
    document_key,
    part,
    campaign_key,
    day,
    collected_to - coalesce(
        lag(collected_to) over (partition by document_key, part, campaign_key order by day), 0
    ) as collected
from split
