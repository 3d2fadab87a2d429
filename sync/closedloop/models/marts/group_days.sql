-- group_days: how long the steps from touch to paid take: nearest-rank median and 80th percentile.
-- grain: one group of events that created a deal.
with ranked as (
    select
        *,
        row_number() over (partition by group_kind, group_key, span order by days, opportunity_key) as place,
        count(*) over (partition by group_kind, group_key, span) as deals
    from group_span
),

percentile as (
    select
        group_kind,
        group_key,
        span,
        max(case when place = (deals + 1) // 2 then days end) as median,
        max(case when place = (4 * deals + 4) // 5 then days end) as p80
    from ranked
    group by group_kind, group_key, span
)

select
    group_kind,
    group_key,
    max(median) filter (where span = 'open_age') as open_age_days,
    max(median) filter (where span = 'touch_to_opportunity') as days_touch_to_opportunity,
    max(p80) filter (where span = 'touch_to_opportunity') as days_touch_to_opportunity_p80,
    max(median) filter (where span = 'opportunity_to_won') as days_opportunity_to_won,
    max(p80) filter (where span = 'opportunity_to_won') as days_opportunity_to_won_p80,
    max(median) filter (where span = 'won_to_invoice') as days_won_to_invoice,
    max(p80) filter (where span = 'won_to_invoice') as days_won_to_invoice_p80,
    max(median) filter (where span = 'invoice_to_paid') as days_invoice_to_paid,
    max(p80) filter (where span = 'invoice_to_paid') as days_invoice_to_paid_p80
from percentile
group by group_kind, group_key
