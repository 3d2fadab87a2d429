-- step_count: how far each event came in each of the five steps, now and at each age (scorecard).
-- grain: one step of one campaign at one age; `now` is the latest that is known. `hits` of `cases`; a step that cannot be
-- counted yet has no case.
-- 1 plan: first day, budget, a cost (entered or the ledger's) and expected attendees, four cases.
-- 2 capture: attendees who are members of the campaign in the CRM that holds it: a record of that CRM, not cancelled, whose
--   person is known. `days`: median, by nearest rank, from the event's last day to the record's creation, 0 if before.
-- 3 opportunity: accounts reached with an opportunity that the event created or advanced, as the chain has it, or an
--   attendee who is disqualified (which has no date: as known now).
-- 4 decision: opportunities created that are older than the company's p80 from touch to won, and are won or lost.
-- 5 revenue: won opportunities created or advanced whose account has a ledger customer and of which a document is dated.
-- Steps 1 and 2 do not age. Before the event is over the steps 2 to 5 have no case.
with horizon as (
    select campaign_key, age_name, as_of, as_of as through
    from campaign_age
    where is_shown and age_name <> 'outlook'
    union all
    select campaign.key as campaign_key, 'now' as age_name, run.as_of, date '9999-12-31' as through
    from campaign
    cross join param.run as run
    where coalesce(run.as_of > campaign.end_date, true)
),

plan as (
    select
        campaign.key as campaign_key,
        case when campaign.start_date is not null then 1 else 0 end as has_dates,
        case when campaign.budget > 0 then 1 else 0 end as has_budget,
        case when cost.cost is not null then 1 else 0 end as has_cost,
        case when campaign.expected_attendees > 0 then 1 else 0 end as has_expected
    from campaign
    left join campaign_cost as cost on cost.campaign_key = campaign.key
),

member as (
    select touch.campaign_key, link.person_key, min(stated.created_at) as imported_at
    from touch
    inner join campaign on campaign.key = touch.campaign_key and campaign.source = touch.source
    inner join link_person as link on link.identity_key = touch.key
    inner join staging.touch as stated on stated.key = touch.key
    where touch.status <> 'cancelled'
    group by touch.campaign_key, link.person_key
),

attendee as (
    select
        attended.campaign_key,
        attended.account_key,
        member.person_key is not null as is_member,
        coalesce(person.status = 'disqualified', false) as is_disqualified,
        member.imported_at
    from touch_resolved as attended
    left join member
        on member.campaign_key = attended.campaign_key and member.person_key = attended.person_key
    left join person on person.key = attended.person_key
    where attended.status = 'attended'
),

ranked as (
    select
        campaign_key,
        imported_at,
        row_number() over (partition by campaign_key order by imported_at) as place,
        count(*) over (partition by campaign_key) as people
    from attendee
    where imported_at is not null
),

waited as (
    select
        ranked.campaign_key,
        greatest(cast((ranked.imported_at at time zone run.time_zone) as date) - campaign.end_date, 0) as days
    from ranked
    cross join param.run as run
    inner join campaign on campaign.key = ranked.campaign_key
    where ranked.place = (ranked.people + 1) // 2 and campaign.end_date is not null
),

capture as (
    select campaign_key, count(*) as cases, count(*) filter (where is_member) as hits
    from attendee
    group by campaign_key
),

invoiced as (
    select deal.deal_key, min(document.date) as first_date
    from document_deal as deal
    inner join document_figure as document on document.document_key = deal.document_key
    where deal.deal_key is not null
    group by deal.deal_key
),

owned as (
    select account_key
    from link_customer_account
    union
    select account_key
    from document_figure
    where account_key is not null
),

deal as (
    select
        opened.campaign_key,
        opened.account_key,
        opened.role,
        opened.is_won,
        opportunity.created_date,
        case when opened.is_closed then coalesce(opportunity.closed_date, date '9999-12-31') end as closed_date,
        case when opened.role = 'created' then opportunity.created_date else advance.advanced_on end as opened_on,
        case when owned.account_key is not null then invoiced.first_date end as invoiced_on
    from campaign_opportunity as opened
    inner join opportunity_money as opportunity on opportunity.opportunity_key = opened.opportunity_key
    left join opportunity_advance as advance
        on advance.campaign_key = opened.campaign_key and advance.opportunity_key = opened.opportunity_key
    left join invoiced on invoiced.deal_key = opened.opportunity_key
    left join owned on owned.account_key = opened.account_key
    where opened.by_account
),

first_deal as (
    select campaign_key, account_key, min(opened_on) as opened_on
    from deal
    group by campaign_key, account_key
),

refused as (
    select distinct campaign_key, account_key
    from attendee
    where is_disqualified
),

reached as (
    select
        account.campaign_key,
        case when refused.account_key is not null then date '0001-01-01' else first_deal.opened_on end as settled_on,
        count(*) as accounts
    from campaign_account as account
    left join first_deal
        on first_deal.campaign_key = account.campaign_key and first_deal.account_key = account.account_key
    left join refused on refused.campaign_key = account.campaign_key and refused.account_key = account.account_key
    group by
        account.campaign_key,
        case when refused.account_key is not null then date '0001-01-01' else first_deal.opened_on end
),

opened as (
    select
        horizon.campaign_key,
        horizon.age_name,
        cast(sum(reached.accounts) as bigint) as cases,
        cast(coalesce(sum(reached.accounts) filter (where reached.settled_on <= horizon.through), 0) as bigint) as hits
    from horizon
    inner join reached on reached.campaign_key = horizon.campaign_key
    group by horizon.campaign_key, horizon.age_name
),

closed as (
    select
        horizon.campaign_key,
        horizon.age_name,
        count(*) filter (
            where deal.role = 'created' and deal.created_date <= horizon.as_of - cast(cycle.touch_to_won_p80 as integer)
        ) as decision_cases,
        count(*) filter (
            where
            deal.role = 'created'
            and deal.created_date <= horizon.as_of - cast(cycle.touch_to_won_p80 as integer)
            and deal.closed_date <= horizon.through
        ) as decision_hits,
        count(*) filter (where deal.is_won and deal.closed_date <= horizon.through) as revenue_cases,
        count(*) filter (
            where deal.is_won and deal.closed_date <= horizon.through and deal.invoiced_on <= horizon.through
        ) as revenue_hits
    from horizon
    cross join company_cycle as cycle
    inner join deal on deal.campaign_key = horizon.campaign_key
    group by horizon.campaign_key, horizon.age_name
)

select
    campaign_key,
    'now' as age_name,
    1 as step,
    4 as cases,
    has_dates + has_budget + has_cost + has_expected as hits,
    cast(null as integer) as days,
    has_dates,
    has_budget,
    has_cost,
    has_expected
from plan
union all
select
    horizon.campaign_key,
    horizon.age_name,
    2 as step,
    coalesce(capture.cases, 0) as cases,
    coalesce(capture.hits, 0) as hits,
    cast(waited.days as integer) as days,
    cast(null as integer) as has_dates,
    cast(null as integer) as has_budget,
    cast(null as integer) as has_cost,
    cast(null as integer) as has_expected
from horizon
left join capture on capture.campaign_key = horizon.campaign_key
left join waited on waited.campaign_key = horizon.campaign_key
where horizon.age_name = 'now'
union all
select
    horizon.campaign_key,
    horizon.age_name,
    3 as step,
    coalesce(opened.cases, 0) as cases,
    coalesce(opened.hits, 0) as hits,
    cast(null as integer) as days,
    cast(null as integer) as has_dates,
    cast(null as integer) as has_budget,
    cast(null as integer) as has_cost,
    cast(null as integer) as has_expected
from horizon
left join opened on opened.campaign_key = horizon.campaign_key and opened.age_name = horizon.age_name
union all
select
    horizon.campaign_key,
    horizon.age_name,
    4 as step,
    coalesce(closed.decision_cases, 0) as cases,
    coalesce(closed.decision_hits, 0) as hits,
    cast(null as integer) as days,
    cast(null as integer) as has_dates,
    cast(null as integer) as has_budget,
    cast(null as integer) as has_cost,
    cast(null as integer) as has_expected
from horizon
left join closed on closed.campaign_key = horizon.campaign_key and closed.age_name = horizon.age_name
union all
select
    horizon.campaign_key,
    horizon.age_name,
    5 as step,
    coalesce(closed.revenue_cases, 0) as cases,
    coalesce(closed.revenue_hits, 0) as hits,
    cast(null as integer) as days,
    cast(null as integer) as has_dates,
    cast(null as integer) as has_budget,
    cast(null as integer) as has_cost,
    cast(null as integer) as has_expected
from horizon
left join closed on closed.campaign_key = horizon.campaign_key and closed.age_name = horizon.age_name
