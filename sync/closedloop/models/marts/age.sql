-- age: the ages at which events are compared: a number of days after the last day.
-- grain: one age. `cycle` is the company's own: the 80th percentile of its days from first touch to won. `outlook` is the
-- age at which definition 17 judges what an event would return again.
select '30' as age_name, 30 as age_days
union all
select '90' as age_name, 90 as age_days
union all
select '180' as age_name, 180 as age_days
union all
select '365' as age_name, 365 as age_days
union all
select 'cycle' as age_name, cast(touch_to_won_p80 as integer) as age_days
from company_cycle
union all
select 'outlook' as age_name, outlook_age_days as age_days
from param.scorecard
