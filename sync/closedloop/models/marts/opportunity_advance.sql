-- opportunity_advance: on which day an opportunity that an event moved on did move.
-- grain: one opportunity that was advanced, at one campaign: the first day after the touch, within the follow-up window,
-- on which it reached a higher stage than it had at the touch, or was won.
with advanced as (
    select
        opened.campaign_key,
        opened.opportunity_key,
        opened.touch_date,
        case
            when
                opportunity.is_won
                and opportunity.closed_date > opened.touch_date
                and opportunity.closed_date <= opened.touch_date + run.follow_up_days
                then opportunity.closed_date
        end as won_on
    from campaign_opportunity as opened
    cross join param.run as run
    inner join opportunity_money as opportunity on opportunity.opportunity_key = opened.opportunity_key
    where opened.by_account and opened.role = 'advanced'
),

moved as (
    select
        advanced.campaign_key,
        advanced.opportunity_key,
        change.changed_date,
        new_stage.rank as new_rank,
        old_stage.rank as old_rank,
        row_number() over (
            partition by advanced.campaign_key, advanced.opportunity_key, old_stage.rank is not null
            order by change.changed_at, change.key
        ) as place,
        change.changed_date <= advanced.touch_date + run.follow_up_days as is_within
    from advanced
    cross join param.run as run
    inner join opportunity_change as change
        on change.opportunity_key = advanced.opportunity_key
        and change.field = 'stage'
        and change.changed_date > advanced.touch_date
    left join stage as old_stage on old_stage.key = change.old_stage_key
    left join stage as new_stage on new_stage.key = change.new_stage_key
),

first_move as (
    select moved.campaign_key, moved.opportunity_key, min(moved.changed_date) as moved_on
    from moved
    inner join moved as began
        on began.campaign_key = moved.campaign_key
        and began.opportunity_key = moved.opportunity_key
        and began.place = 1
        and began.old_rank is not null
    where moved.is_within and moved.new_rank > began.old_rank
    group by moved.campaign_key, moved.opportunity_key
)

select
    advanced.campaign_key,
    advanced.opportunity_key,
    coalesce(least(first_move.moved_on, advanced.won_on), first_move.moved_on, advanced.won_on) as advanced_on
from advanced
left join first_move
    on first_move.campaign_key = advanced.campaign_key and first_move.opportunity_key = advanced.opportunity_key
