-- opportunity_source: which events sourced or influenced a deal (definition 14), by each definition.
-- grain: one rule that holds for one deal at one campaign.
-- first_touch: the account's first deal, created on or after its first credit touch, at the event of that touch.
-- lead_source: a deal that the event created, whose lead source in the CRM is one that means an event.
-- before_sales: the touch is from before the first activity towards the account, its people or its deals, and from before
-- the deal was created. influenced: the touch is from before the close; from today or earlier for an open deal.
with sales as (
    select account_key, min(at_date) as at_date
    from (
        select family.rolled_key as account_key, activity.at_date
        from activity
        inner join account_family as family on family.account_key = activity.account_key
        union all
        select person.account_key, activity.at_date
        from activity
        inner join person_account as person on person.person_key = activity.person_key
        union all
        select deal.account_key, activity.at_date
        from activity
        inner join opportunity_money as deal on deal.opportunity_key = activity.opportunity_key
    ) as towards
    where account_key is not null
    group by account_key
),

first_deal as (
    select opportunity_key, account_key, created_date
    from opportunity_money
    where account_key is not null and created_date is not null
    qualify row_number() over (partition by account_key order by created_date, opportunity_key) = 1
)

select touch.campaign_key, deal.opportunity_key, 'first_touch' as rule
from first_deal as deal
inner join account_event as touch on touch.account_key = deal.account_key and touch.place = 1
where deal.created_date >= touch.touch_date
union all
select opened.campaign_key, opened.opportunity_key, 'lead_source' as rule
from campaign_opportunity as opened
inner join opportunity as deal on deal.key = opened.opportunity_key
inner join param.lead_source as source on source.lead_source = lower(trim(deal.lead_source))
where opened.by_account and opened.role = 'created'
union all
select touch.campaign_key, deal.opportunity_key, 'before_sales' as rule
from account_event as touch
inner join opportunity_money as deal on deal.account_key = touch.account_key
left join sales on sales.account_key = touch.account_key
where touch.touch_date < least(deal.created_date, coalesce(sales.at_date, deal.created_date))
union all
select touch.campaign_key, deal.opportunity_key, 'influenced' as rule
from account_event as touch
inner join opportunity_money as deal on deal.account_key = touch.account_key
cross join param.run as run
where touch.touch_date < case when deal.is_closed then deal.closed_date else run.as_of + 1 end
