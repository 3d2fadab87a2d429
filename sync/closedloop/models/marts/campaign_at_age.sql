-- campaign_at_age: the figures of each event as of its last day + k, so that events are compared at the same age (at_age).
-- grain: one campaign at one age (30, 90, 180, 365 days and `cycle`). All figures are empty unless `is_shown`.
-- Definition 16: credits, links, merges, cost and deals are those of this run; only days are cut at `as_of`: documents by
-- their date, money collected by the day on which its settlement took effect, opportunities by creation, advance and
-- close (one closed without a day counts as open). Advanced ones need stage history: without any they are empty.
-- Amounts are those of this run. Immature: the age is below the company's p80 from touch to won.
with span as (
    select
        campaign_key,
        min(start_date) as start_date,
        max(as_of) filter (where place = 1) as day_1,
        max(as_of) filter (where place = 2) as day_2,
        max(as_of) filter (where place = 3) as day_3,
        max(as_of) filter (where place = 4) as day_4,
        max(as_of) filter (where place = 5) as day_5,
        max(as_of) as last_day
    from campaign_age
    where is_shown
    group by campaign_key
),

reached as (
    select
        account.campaign_key,
        account.account_key,
        account.is_new_customer,
        account.first_document_date,
        span.start_date,
        span.day_1,
        span.day_2,
        span.day_3,
        span.day_4,
        span.day_5,
        span.last_day
    from campaign_account as account
    inner join span on span.campaign_key = account.campaign_key
),

flow as (
    select account_key, date as document_date, date as day, value as invoiced, cast(0 as bigint) as collected
    from document_figure
    where account_key is not null
    union all
    select document.account_key, document.date as document_date, paid.day, cast(0 as bigint) as invoiced, paid.collected
    from collected_part as paid
    inner join document_figure as document on document.document_key = paid.document_key
    where document.account_key is not null
),

placed as (
    select
        reached.campaign_key,
        case
            when flow.day <= reached.day_1 then 1
            when flow.day <= reached.day_2 then 2
            when flow.day <= reached.day_3 then 3
            when flow.day <= reached.day_4 then 4
            when flow.day <= reached.day_5 then 5
            else 6
        end as place,
        flow.invoiced,
        flow.collected,
        flow.document_date >= reached.start_date as is_after
    from reached
    inner join flow on flow.account_key = reached.account_key and flow.day <= reached.last_day
),

lifetime as (
    select
        campaign_key,
        place,
        sum(invoiced) as invoiced,
        sum(collected) as collected,
        sum(invoiced) filter (where is_after) as invoiced_after,
        sum(collected) filter (where is_after) as collected_after
    from placed
    group by campaign_key, place
),

gain as (
    select campaign_key, date as day, attributed as amount, 'attributed' as name
    from campaign_day
    union all
    select campaign_key, date as day, collected as amount, 'collected' as name
    from campaign_day
    union all
    select credit.campaign_key, document.date as day, sum(credit.value) as amount, 'no_deal' as name
    from attribution_no_deal as credit
    inner join param.run as run on run.primary_model = credit.model
    inner join document_figure as document on document.document_key = credit.document_key
    group by credit.campaign_key, document.date
    union all
    select credit.campaign_key, opportunity.closed_date as day, sum(credit.amount) as amount, 'won' as name
    from opportunity_credit as credit
    inner join param.run as run on run.primary_model = credit.model
    inner join opportunity_money as opportunity on opportunity.opportunity_key = credit.opportunity_key
    where credit.state = 'won' and opportunity.closed_date is not null
    group by credit.campaign_key, opportunity.closed_date
    union all
    select campaign_key, first_document_date as day, count(*) as amount, 'new_customers' as name
    from reached
    where is_new_customer
    group by campaign_key, first_document_date
),

gained as (
    select
        gain.campaign_key,
        age.place,
        sum(gain.amount) filter (where gain.name = 'attributed') as attributed,
        sum(gain.amount) filter (where gain.name = 'collected') as attributed_collected,
        sum(gain.amount) filter (where gain.name = 'no_deal') as attributed_no_deal,
        sum(gain.amount) filter (where gain.name = 'won') as credited_won,
        sum(gain.amount) filter (where gain.name = 'new_customers') as new_customers
    from gain
    inner join campaign_age as age
        on age.campaign_key = gain.campaign_key
        and age.is_shown
        and gain.day > age.after_day
        and gain.day <= age.as_of
    group by gain.campaign_key, age.place
),

deal as (
    select
        opened.campaign_key,
        opened.account_key,
        opened.role,
        opened.by_account,
        opened.by_role,
        opened.amount_created,
        opened.is_won,
        opportunity.created_date,
        case when opened.is_closed then opportunity.closed_date end as closed_date,
        case when opened.role = 'created' then opportunity.created_date else advance.advanced_on end as counts_from
    from campaign_opportunity as opened
    inner join opportunity_money as opportunity on opportunity.opportunity_key = opened.opportunity_key
    left join opportunity_advance as advance
        on advance.campaign_key = opened.campaign_key and advance.opportunity_key = opened.opportunity_key
),

pipeline as (
    select
        age.campaign_key,
        age.place,
        count(*) filter (where deal.by_account and deal.role = 'created') as created,
        count(*) filter (where deal.by_role and deal.role = 'created') as created_role,
        count(*) filter (where deal.by_account and deal.role = 'advanced') as advanced,
        sum(deal.amount_created) filter (where deal.by_account and deal.role = 'created') as amount_created,
        count(*) filter (
            where deal.by_account and deal.role = 'created' and deal.is_won and deal.closed_date <= age.as_of
        ) as won,
        count(*) filter (
            where deal.by_account and deal.role = 'created' and not deal.is_won and deal.closed_date <= age.as_of
        ) as lost,
        count(distinct case when deal.by_account then deal.account_key end) as accounts_opened
    from campaign_age as age
    inner join deal on deal.campaign_key = age.campaign_key and deal.counts_from <= age.as_of
    where age.is_shown
    group by age.campaign_key, age.place
),

history as (
    select count(*) as stage_changes
    from opportunity_change
    where field = 'stage'
),

cumulated as (
    select
        age.*,
        cast(
            coalesce(sum(lifetime.invoiced) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as attendee_ltv,
        cast(
            coalesce(sum(lifetime.collected) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as attendee_ltv_collected,
        cast(
            coalesce(sum(lifetime.invoiced_after) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as ltv_after_event,
        cast(
            coalesce(sum(lifetime.collected_after) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as ltv_after_event_collected,
        cast(
            coalesce(sum(gained.new_customers) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as new_customers,
        cast(
            coalesce(sum(gained.attributed) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as attributed,
        cast(
            coalesce(sum(gained.attributed_collected) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as attributed_collected,
        cast(
            coalesce(sum(gained.attributed_no_deal) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as attributed_no_deal,
        cast(
            coalesce(sum(gained.credited_won) over (partition by age.campaign_key order by age.place), 0) as bigint
        ) as credited_won
    from campaign_age as age
    left join lifetime on lifetime.campaign_key = age.campaign_key and lifetime.place = age.place
    left join gained on gained.campaign_key = age.campaign_key and gained.place = age.place
),

gathered as (
    select
        cumulated.*,
        coalesce(pipeline.created, 0) as created,
        coalesce(pipeline.created_role, 0) as created_role,
        coalesce(pipeline.advanced, 0) as advanced,
        coalesce(pipeline.amount_created, 0) as amount_created,
        coalesce(pipeline.won, 0) as won_count,
        coalesce(pipeline.lost, 0) as lost_count,
        coalesce(pipeline.accounts_opened, 0) as opened_count,
        history.stage_changes,
        cost.cost as whole_cost,
        cycle.touch_to_won_p80
    from cumulated
    cross join history
    cross join company_cycle as cycle
    left join pipeline on pipeline.campaign_key = cumulated.campaign_key and pipeline.place = cumulated.place
    left join campaign_cost as cost on cost.campaign_key = cumulated.campaign_key
)

select
    campaign_key,
    age_name,
    age_days,
    as_of,
    is_shown,
    blank_reason,
    age_days < touch_to_won_p80 as immature,
    case when is_shown then attendee_ltv end as attendee_ltv,
    case when is_shown then attendee_ltv_collected end as attendee_ltv_collected,
    case when is_shown then ltv_after_event end as ltv_after_event,
    case when is_shown then ltv_after_event_collected end as ltv_after_event_collected,
    case when is_shown then new_customers end as new_customers,
    case when is_shown then attributed end as attributed,
    case when is_shown then attributed_collected end as attributed_collected,
    case when is_shown then attributed_no_deal end as attributed_no_deal,
    case when is_shown then created end as opportunities_created,
    case when is_shown then created_role end as opportunities_created_role,
    case when is_shown and stage_changes > 0 then advanced end as opportunities_advanced,
    case when is_shown then cast(amount_created as bigint) end as pipeline_created,
    case when is_shown then opened_count end as accounts_opened,
    case when is_shown then won_count end as won,
    case when is_shown then lost_count end as lost,
    case when is_shown then created - won_count - lost_count end as open_count,
    case
        when is_shown and won_count + lost_count > 0
            then cast(ratio(won_count, won_count + lost_count) as decimal(9, 6))
    end as win_rate,
    cast(null as decimal(9, 6)) as win_rate_low,
    cast(null as decimal(9, 6)) as win_rate_high,
    case when is_shown then credited_won end as credited_won,
    case when is_shown then whole_cost end as cost,
    case when is_shown and created > 0 then mul_div(whole_cost, 1, created) end as cost_per_opportunity,
    case when is_shown and new_customers > 0 then mul_div(whole_cost, 1, new_customers) end as cost_per_new_customer,
    case when is_shown and age_days > 0 then ratio(attributed - whole_cost, whole_cost) end as roi_realised,
    case when is_shown and age_days > 0 then ratio(attributed_collected - whole_cost, whole_cost) end as roi_collected,
    case when is_shown and age_days > 0 then ratio(credited_won - whole_cost, whole_cost) end as roi_closed_won
from gathered
where age_name <> 'outlook'
