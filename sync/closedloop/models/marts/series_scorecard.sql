-- series_scorecard: the five steps of each series over its editions, and where each is going (scorecard).
-- grain: one step of one series. `change` is that of the newest edition that can be compared with the one before.
with change as (
    select series, campaign_key, edition_number, 1 as step, step_1_change as change
    from series_edition
    union all
    select series, campaign_key, edition_number, 2 as step, step_2_change as change
    from series_edition
    union all
    select series, campaign_key, edition_number, 3 as step, step_3_change as change
    from series_edition
    union all
    select series, campaign_key, edition_number, 4 as step, step_4_change as change
    from series_edition
    union all
    select series, campaign_key, edition_number, 5 as step, step_5_change as change
    from series_edition
),

newest as (
    select series, step, campaign_key, change
    from change
    where change is not null
    qualify row_number() over (partition by series, step order by edition_number desc) = 1
)

select
    step.subject as series,
    step.step,
    step.name,
    step.state,
    step.missing,
    step.share,
    step.n,
    step.hits,
    newest.campaign_key as newest_campaign_key,
    newest.change,
    case
        when newest.change > 0 then 'rising'
        when newest.change < 0 then 'falling'
        when newest.change = 0 then 'level'
    end as trend
from scorecard_step as step
left join newest on newest.series = step.subject and newest.step = step.step
where step.subject_kind = 'series'
