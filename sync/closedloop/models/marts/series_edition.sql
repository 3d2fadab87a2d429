-- series_edition: the editions of each series in order of their first day, and what changed since the edition before.
-- grain: one campaign with a series and a first day. Editions of one day by key.
-- Equal age: the largest of 30, 90, 180 and 365 days at which both editions are shown. Steps 3 to 5, ROI, cost per
-- opportunity and value per cost are compared at it; steps 1 and 2 do not age and are compared as they are. A change is
-- this edition's share or ratio less that of the one before. Improving: ROI at equal age rose.
-- Scaling, where more people attended than before: an opportunity costs no more, and a unit of cost brings no less.
-- Left joins throughout, which are made in this order. Which join is small the engine cannot know of tables that are as
-- new as these, and from the wrong one every edition would meet every other.
with edition as (
    select
        campaign.series,
        campaign.key as campaign_key,
        campaign.start_date,
        row_number() over (partition by campaign.series order by campaign.start_date, campaign.key) as edition_number,
        lag(campaign.key) over (partition by campaign.series order by campaign.start_date, campaign.key) as previous_key
    from campaign
    where campaign.series is not null and campaign.start_date is not null
),

shown as (
    select
        edition.campaign_key,
        edition.previous_key,
        own.age_name,
        case when own.is_shown and before.is_shown and own.age_name in ('30', '90', '180', '365') then own.age_days end
            as age_days
    from edition
    left join campaign_age as own on own.campaign_key = edition.campaign_key
    left join campaign_age as before on before.campaign_key = edition.previous_key and before.age_name = own.age_name
),

comparable as (
    select campaign_key, previous_key, arg_max(age_name, age_days) as age_name, max(age_days) as age_days
    from shown
    group by campaign_key, previous_key
),

figured as (
    select
        comparable.campaign_key,
        comparable.age_name,
        comparable.age_days,
        own.roi_realised as roi,
        before.roi_realised as previous_roi,
        own.cost_per_opportunity,
        before.cost_per_opportunity as previous_cost_per_opportunity,
        ratio(own.attributed, own.cost) as value_per_cost,
        ratio(before.attributed, before.cost) as previous_value_per_cost
    from comparable
    left join campaign_at_age as own
        on own.campaign_key = comparable.campaign_key and own.age_name = comparable.age_name
    left join campaign_at_age as before
        on before.campaign_key = comparable.previous_key and before.age_name = comparable.age_name
),

moved as (
    select
        comparable.campaign_key,
        own.step,
        case
            when
                own.age_name = case when own.step <= 2 then 'now' else comparable.age_name end
                and own.cases > 0
                and before.cases > 0
                then ratio(own.hits, own.cases) - ratio(before.hits, before.cases)
        end as change
    from comparable
    left join step_count as own on own.campaign_key = comparable.campaign_key
    left join step_count as before
        on before.campaign_key = comparable.previous_key
        and before.step = own.step
        and before.age_name = own.age_name
),

change as (
    select
        campaign_key,
        max(change) filter (where step = 1) as step_1,
        max(change) filter (where step = 2) as step_2,
        max(change) filter (where step = 3) as step_3,
        max(change) filter (where step = 4) as step_4,
        max(change) filter (where step = 5) as step_5
    from moved
    group by campaign_key
),

people as (
    select campaign_key, count(*) as attended
    from touch_resolved
    where status = 'attended'
    group by campaign_key
)

select
    edition.series,
    edition.edition_number,
    edition.campaign_key,
    edition.previous_key as previous_campaign_key,
    edition.start_date,
    coalesce(people.attended, 0) as attended,
    case when edition.previous_key is not null then coalesce(people.attended, 0) - coalesce(before.attended, 0) end
        as attended_change,
    figured.age_name,
    figured.age_days,
    change.step_1 as step_1_change,
    change.step_2 as step_2_change,
    change.step_3 as step_3_change,
    change.step_4 as step_4_change,
    change.step_5 as step_5_change,
    figured.roi,
    figured.previous_roi,
    figured.roi - figured.previous_roi as roi_change,
    figured.roi > figured.previous_roi as is_improving,
    figured.cost_per_opportunity,
    figured.cost_per_opportunity - figured.previous_cost_per_opportunity as cost_per_opportunity_change,
    figured.value_per_cost,
    figured.value_per_cost - figured.previous_value_per_cost as value_per_cost_change,
    case
        when coalesce(people.attended, 0) > coalesce(before.attended, 0)
            then figured.cost_per_opportunity <= figured.previous_cost_per_opportunity
            and figured.value_per_cost >= figured.previous_value_per_cost
    end as is_scaling
from edition
left join figured on figured.campaign_key = edition.campaign_key
left join change on change.campaign_key = edition.campaign_key
left join people on people.campaign_key = edition.campaign_key
left join people as before on before.campaign_key = edition.previous_key
