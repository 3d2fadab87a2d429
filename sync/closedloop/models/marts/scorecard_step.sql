-- scorecard_step: the five steps, of each event and of each series over its editions, judged, with what is missing in words.
-- grain: one step of one subject: a campaign (its key) or a series (its name).
-- done: all four entries of the plan; of the other steps at least the share `scorecard.done_share` of the settings, and
-- for step 2 an import within the days in which people follow up, or of unknown date. missing: none at all, or nothing to
-- count yet. partly: the rest. `share` is hits ÷ cases; a series adds up the cases of its editions, takes the longest of
-- their days, and names what any of them lacks.
with counted as (
    select 'campaign' as subject_kind, tally.campaign_key as subject, tally.*
    from step_count as tally
    where tally.age_name = 'now'
    union all
    select 'series' as subject_kind, campaign.series as subject, tally.*
    from step_count as tally
    inner join campaign on campaign.key = tally.campaign_key
    where tally.age_name = 'now' and campaign.series is not null
),

summed as (
    select
        subject_kind,
        subject,
        step,
        cast(sum(cases) as bigint) as cases,
        cast(sum(hits) as bigint) as hits,
        max(days) as days,
        min(has_dates) as has_dates,
        min(has_budget) as has_budget,
        min(has_cost) as has_cost,
        min(has_expected) as has_expected
    from counted
    group by subject_kind, subject, step
),

listed as (
    select subject_kind, subject, step.step, step.name
    from (
        select distinct subject_kind, subject
        from counted
    ) as known
    cross join (
        select 1 as step, 'plan' as name
        union all
        select 2 as step, 'capture' as name
        union all
        select 3 as step, 'opportunity' as name
        union all
        select 4 as step, 'decision' as name
        union all
        select 5 as step, 'revenue' as name
    ) as step
),

judged as (
    select
        listed.subject_kind,
        listed.subject,
        listed.step,
        listed.name,
        summed.step is not null as is_counted,
        coalesce(summed.cases, 0) as cases,
        coalesce(summed.hits, 0) as hits,
        summed.days,
        coalesce(summed.days > run.first_touch_within_days, false) as is_late,
        summed.has_dates,
        summed.has_budget,
        summed.has_cost,
        summed.has_expected,
        run.first_touch_within_days,
        cycle.touch_to_won_p80,
        case when listed.step = 1 then 1 else setting.done_share end as done_share
    from listed
    cross join param.run as run
    cross join param.scorecard as setting
    cross join company_cycle as cycle
    left join summed
        on summed.subject_kind = listed.subject_kind
        and summed.subject = listed.subject
        and summed.step = listed.step
),

stated as (
    select
        *,
        case
            when hits = 0 then 'missing'
            when hits >= done_share * cases and not is_late then 'done'
            else 'partly'
        end as state,
        cast(cases - hits as varchar) || ' of ' || cast(cases as varchar) as gap
    from judged
)

select
    subject_kind,
    subject,
    step,
    name,
    state,
    case
        when state = 'done' then null
        when step = 1 then substr(
            case when has_dates = 0 then ', no dates' else '' end
            || case when has_budget = 0 then ', no budget' else '' end
            || case when has_cost = 0 then ', no actual cost' else '' end
            || case when has_expected = 0 then ', no expected attendees' else '' end,
            3
        )
        when not is_counted then 'the event is not over yet'
        when step = 2 and cases = 0 then 'nobody is recorded as attended'
        when step = 2 and hits < done_share * cases and is_late
            then gap || ' attendees are not members of the campaign in the CRM; the others were imported '
            || cast(days as varchar) || ' days after the event'
        when step = 2 and hits < done_share * cases then gap || ' attendees are not members of the campaign in the CRM'
        when step = 2 then 'attendees were imported ' || cast(days as varchar) || ' days after the event, not within '
            || cast(first_touch_within_days as varchar)
        when step = 3 and cases = 0 then 'no account is known of anybody who attended'
        when step = 3 then gap || ' accounts reached have no opportunity and nobody disqualified'
        when step = 4 and cases = 0
            then 'no opportunity is older than ' || cast(touch_to_won_p80 as varchar) || ' days'
        when step = 4 then gap || ' opportunities older than ' || cast(touch_to_won_p80 as varchar) || ' days are still open'
        when cases = 0 then 'no deal is won yet'
        else gap || ' won deals have no ledger customer or no invoice'
    end as missing,
    case when cases > 0 then ratio(hits, cases) end as share,
    cases as n,
    hits,
    days
from stated
