-- campaign_rims: is the process of each event repeatable, improvable, measurable and scalable (scorecard)?
-- grain: one campaign. Repeatable: all five steps done. Improvable: ROI at equal age rose since the edition before; empty
-- without one to compare with. Measurable: people attended, and attendees, cost and revenue are each covered to the share
-- `scorecard.done_share`. Scalable: of an edition that more people attended, see `series_edition`; else empty.
-- Coverage, what share is evidenced. Attendees: people who attended whose account is known. Cost: 1 if a cost is known,
-- entered or the ledger's, else 0. Revenue: amounts of won opportunities, created or advanced, with a ledger customer and
-- a document, ÷ amounts of all won ones; empty if none is won, and then nothing lacks evidence.
with step as (
    select
        campaign_key,
        count(*) filter (where state = 'done') as steps_done,
        count(*) as steps
    from campaign_scorecard
    group by campaign_key
),

attendee as (
    select
        campaign_key,
        count(*) as people,
        count(*) filter (where account_key is not null) as people_known
    from touch_resolved
    where status = 'attended'
    group by campaign_key
),

owned as (
    select account_key
    from link_customer_account
    union
    select account_key
    from document_figure
    where account_key is not null
),

invoiced as (
    select distinct deal.deal_key
    from document_deal as deal
    inner join opportunity_money as opportunity on opportunity.opportunity_key = deal.deal_key
    inner join owned on owned.account_key = opportunity.account_key
),

won as (
    select
        opened.campaign_key,
        sum(opened.amount_now) as amount,
        sum(opened.amount_now) filter (where invoiced.deal_key is not null) as amount_invoiced
    from campaign_opportunity as opened
    left join invoiced on invoiced.deal_key = opened.opportunity_key
    where opened.by_account and opened.is_won and opened.amount_now > 0
    group by opened.campaign_key
),

covered as (
    select
        campaign.key as campaign_key,
        coalesce(attendee.people, 0) as people,
        case when attendee.people > 0 then ratio(attendee.people_known, attendee.people) end as coverage_attendees,
        cast(case when cost.cost is not null then 1 else 0 end as decimal(18, 6)) as coverage_cost,
        case when won.amount > 0 then ratio(coalesce(won.amount_invoiced, 0), won.amount) end as coverage_revenue
    from campaign
    left join attendee on attendee.campaign_key = campaign.key
    left join campaign_cost as cost on cost.campaign_key = campaign.key
    left join won on won.campaign_key = campaign.key
)

select
    covered.campaign_key,
    step.steps_done,
    step.steps_done = step.steps as repeatable,
    edition.is_improving as improvable,
    covered.people > 0
    and covered.coverage_attendees >= setting.done_share
    and covered.coverage_cost >= setting.done_share
    and coalesce(covered.coverage_revenue, 1) >= setting.done_share as measurable,
    edition.is_scaling as scalable,
    covered.coverage_attendees,
    covered.coverage_cost,
    covered.coverage_revenue
from covered
cross join param.scorecard as setting
inner join step on step.campaign_key = covered.campaign_key
left join series_edition as edition on edition.campaign_key = covered.campaign_key
