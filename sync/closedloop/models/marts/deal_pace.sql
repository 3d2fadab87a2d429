-- deal_pace: whether an open deal still moves.
-- grain: one open deal. stalled_opportunity: no change of stage for longer than the stage's p90 (`stage_pace`), counted from
-- its creation if its stage never changed; not said where no source has any history of stages. close_date_past: the day on
-- which it was expected to close is over. `reason` is empty when all is well.
with moved as (
    select change.opportunity_key, max(change.changed_date) as moved_date
    from opportunity_change as change
    cross join param.run as run
    where
        change.field = 'stage'
        and change.changed_date <= run.as_of
        and change.new_stage_key is distinct from change.old_stage_key
    group by change.opportunity_key
),

history as (
    select count(*) as changes
    from opportunity_change
    where field = 'stage'
),

paced as (
    select
        opportunity.key as opportunity_key,
        opportunity.expected_close,
        opportunity.url,
        run.as_of,
        case when history.changes > 0 then coalesce(moved.moved_date, opportunity.created_date) end as moved_date,
        coalesce(stage_pace.p90_days, run.stage_within_days) as p90_days
    from opportunity
    cross join param.run as run
    cross join history
    left join moved on moved.opportunity_key = opportunity.key
    left join stage_pace on stage_pace.stage_key = opportunity.stage_key
    where not opportunity.is_closed
)

select
    opportunity_key,
    url,
    moved_date,
    p90_days,
    case
        when as_of > moved_date + p90_days then 'stalled_opportunity'
        when expected_close < as_of then 'close_date_past'
    end as reason,
    case
        when as_of > moved_date + p90_days then moved_date + p90_days + 1
        when expected_close < as_of then expected_close + 1
    end as since
from paced
