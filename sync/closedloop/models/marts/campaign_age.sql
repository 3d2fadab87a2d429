-- campaign_age: on which day each event reaches each age, and whether its figures of that day may be shown (at_age).
-- grain: one campaign at one age. Shown when that day is before today (the as-of day) and every stream that a figure
-- needs is proved complete through it. `after_day` is the day of the age before it: with it the days of an event fall
-- into disjoint spans, (after_day, as_of]. A stream that never ran was given to us, not read by us, and is taken as whole.
with proof as (
    select
        min(proved_through) as proved_through,
        count(*) filter (where proved_through is null) as unproved
    from param.source
),

due as (
    select
        campaign.key as campaign_key,
        campaign.start_date,
        campaign.end_date,
        age.age_name,
        age.age_days,
        campaign.end_date + age.age_days as as_of,
        row_number() over (partition by campaign.key order by age.age_days, age.age_name) as place
    from campaign
    cross join age
),

judged as (
    select
        due.*,
        coalesce(
            lag(due.as_of) over (partition by due.campaign_key order by due.place), date '0001-01-01'
        ) as after_day,
        case
            when due.as_of is null then 'no_dates'
            when due.as_of >= run.as_of then 'too_young'
            when proof.unproved > 0 or due.as_of > proof.proved_through then 'source_not_proven'
        end as blank_reason
    from due
    cross join param.run as run
    cross join proof
)

select
    campaign_key,
    start_date,
    end_date,
    age_name,
    age_days,
    place,
    after_day,
    as_of,
    blank_reason is null as is_shown,
    blank_reason
from judged
