-- stage_pace: how long deals stay in a stage of the pipeline before they move on.
-- grain: one stage. Nearest-rank 90th percentile, in days, of the stays that ended; under 20 of them the declared default,
-- marked assumed. A stay ends with a change of stage; the first one began when the deal was created.
with changed as (
    select
        change.key,
        change.opportunity_key,
        change.old_stage_key,
        change.new_stage_key,
        change.changed_date,
        coalesce(
            lag(change.changed_date) over (partition by change.opportunity_key order by change.changed_at, change.key),
            opportunity.created_date
        ) as entered_date
    from opportunity_change as change
    inner join opportunity on opportunity.key = change.opportunity_key
    cross join param.run as run
    where
        change.field = 'stage'
        and change.changed_date <= run.as_of
        and change.new_stage_key is distinct from change.old_stage_key
),

ranked as (
    select
        old_stage_key as stage_key,
        greatest(changed_date - entered_date, 0) as days,
        row_number() over (partition by old_stage_key order by greatest(changed_date - entered_date, 0), key) as place,
        count(*) over (partition by old_stage_key) as stays
    from changed
    where old_stage_key is not null
),

measured as (
    select stage_key, max(stays) as stays, min(days) filter (where place = (9 * stays + 9) // 10) as days
    from ranked
    group by stage_key
)

select
    stage.key as stage_key,
    coalesce(measured.stays, 0) as stays,
    cast(case when measured.stays >= 20 then measured.days else run.stage_within_days end as integer) as p90_days,
    coalesce(measured.stays, 0) < 20 as is_assumed
from stage
cross join param.run as run
left join measured on measured.stage_key = stage.key
