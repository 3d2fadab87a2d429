-- group_span: the days that a deal of an event took from one step to the next, as far as it came.
-- grain: one step of one deal that a group of events created.
with deal as (
    select deal.*, progress.first_invoice_date, progress.first_paid_date
    from group_opportunity as deal
    left join deal_progress as progress on progress.opportunity_key = deal.opportunity_key
    where deal.is_created
)

select group_kind, group_key, opportunity_key, 'touch_to_opportunity' as span, created_date - touch_date as days
from deal
union all
select group_kind, group_key, opportunity_key, 'opportunity_to_won' as span, closed_date - created_date as days
from deal
where is_won and closed_date is not null
union all
select group_kind, group_key, opportunity_key, 'won_to_invoice' as span, first_invoice_date - closed_date as days
from deal
where is_won and closed_date is not null and first_invoice_date is not null
union all
select group_kind, group_key, opportunity_key, 'invoice_to_paid' as span, first_paid_date - first_invoice_date as days
from deal
where is_won and closed_date is not null and first_paid_date is not null
union all
select deal.group_kind, deal.group_key, deal.opportunity_key, 'open_age' as span, run.as_of - deal.created_date as days
from deal
cross join param.run as run
where not deal.is_closed
