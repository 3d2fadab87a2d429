-- journey_shape: which touches of a journey hold the milestones lead and opportunity (definition 12).
-- grain: one journey of two events or more. A milestone is held by the last touch on or before its day; place 0: by none.
-- `journey_no` is its short name in this run.
select
    journey.journey_key,
    cast(row_number() over (order by journey.journey_key) as integer) as journey_no,
    count(*) as touches,
    count(*) filter (where journey.touch_date <= bound.lead_date) as lead_place,
    count(*) filter (where journey.touch_date <= bound.opportunity_date) as opportunity_place
from journey
inner join journey_bound as bound on bound.journey_key = journey.journey_key
where journey.touches > 1
group by journey.journey_key
