-- journey: the events that an account touched on the way to a document or deal (definition 11).
-- grain: one campaign on one journey, its earliest touch in time. `place` is its place in the order (day, campaign key),
-- `key_place` that by campaign key, `touches` how many there are, `age` the days from the touch to the journey's end.
with met as (
    select
        bound.journey_key,
        touch.campaign_key,
        min(touch.touch_date) as touch_date,
        min(bound.last_day) as last_day
    from journey_bound as bound
    inner join account_touch as touch
        on touch.account_key = bound.account_key
        and touch.touch_date >= bound.first_day
        and touch.touch_date <= bound.last_day
    group by bound.journey_key, touch.campaign_key
)

select
    journey_key,
    campaign_key,
    touch_date,
    last_day - touch_date as age,
    row_number() over (partition by journey_key order by touch_date, campaign_key) as place,
    row_number() over (partition by journey_key order by campaign_key) as key_place,
    count(*) over (partition by journey_key) as touches
from met
