-- journey_bound: from which day to which day an account's touches count for a document or deal (definition 11), and the
-- days of the milestones that a touch can stand before (definition 12).
-- grain: one journey. The key is a document's, or `deal ` and an opportunity's for what the CRM says was won or is open. With a deal:
-- from its creation less the look-back to the earlier of its close and the document; without one: the look-back before
-- the document. An open deal's journey ends at the as-of day.
-- `lead_date` is the day on which the CRM got the account's first lead or contact, also one that was merged away since.
with first_lead as (
    select person.account_key, min(record.created_date) as lead_date
    from person_record as record
    inner join person_account as person on person.person_key = record.person_key
    where record.kind in ('lead', 'contact')
    group by person.account_key
),

bound as (
    select
        document.document_key as journey_key,
        document.account_key,
        coalesce(deal.created_date, document.date) - run.look_back_days as first_day,
        least(coalesce(deal.closed_date, document.date), document.date) as last_day,
        deal.created_date as opportunity_date
    from document_figure as document
    cross join param.run as run
    left join document_deal as own on own.document_key = document.document_key
    left join deal_reference as reference on reference.document_key = document.document_key
    left join opportunity_money as deal
        on deal.opportunity_key = coalesce(own.deal_key, case when document.sign < 0 then reference.deal_key end)
    where document.account_key is not null
    union all
    select
        'deal ' || opportunity.opportunity_key as journey_key,
        opportunity.account_key,
        opportunity.created_date - run.look_back_days as first_day,
        coalesce(opportunity.closed_date, run.as_of) as last_day,
        opportunity.created_date as opportunity_date
    from opportunity_money as opportunity
    cross join param.run as run
    where opportunity.account_key is not null and (opportunity.is_won or not opportunity.is_closed)
)

select bound.*, first_lead.lead_date
from bound
left join first_lead on first_lead.account_key = bound.account_key
