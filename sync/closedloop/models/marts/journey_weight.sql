-- journey_weight: what each model gives to each event of a journey, as whole numbers (definition 12).
-- grain: one campaign on one journey in one model. Its share is `weight` ÷ `total`.
-- linear: every event the same.
select
    'linear' as model,
    journey_key,
    campaign_key,
    touch_date,
    cast(1 as bigint) as weight,
    cast(count(*) over (partition by journey_key) as bigint) as total
from journey
