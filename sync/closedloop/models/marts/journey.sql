-- journey: the events that an account touched on the way to a document or deal (definition 11).
-- grain: one campaign on one journey. The key is a document's, or an opportunity's for what the CRM says was won or is
-- open. With a deal: from its creation less the look-back to the earlier of its close and the document; without one: the
-- look-back before the document. An open deal's journey ends at the as-of day. One touch per event, the earliest.
with bound as (
    select
        document.document_key as journey_key,
        document.account_key,
        coalesce(deal.created_date, document.date) - run.look_back_days as first_day,
        least(coalesce(deal.closed_date, document.date), document.date) as last_day
    from document_figure as document
    cross join param.run as run
    left join document_deal as own on own.document_key = document.document_key
    left join deal_reference as reference on reference.document_key = document.document_key
    left join opportunity_money as deal
        on deal.opportunity_key = coalesce(own.deal_key, case when document.sign < 0 then reference.deal_key end)
    where document.account_key is not null
    union all
    select
        opportunity.opportunity_key as journey_key,
        opportunity.account_key,
        opportunity.created_date - run.look_back_days as first_day,
        coalesce(opportunity.closed_date, run.as_of) as last_day
    from opportunity_money as opportunity
    cross join param.run as run
    where opportunity.account_key is not null and (opportunity.is_won or not opportunity.is_closed)
)

select
    bound.journey_key,
    account_touch.campaign_key,
    min(account_touch.touch_date) as touch_date
from bound
inner join account_touch
    on account_touch.account_key = bound.account_key
    and account_touch.touch_date >= bound.first_day
    and account_touch.touch_date <= bound.last_day
group by bound.journey_key, account_touch.campaign_key
