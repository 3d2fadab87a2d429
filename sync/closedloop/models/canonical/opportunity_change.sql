-- opportunity_change: changes of stage and amount. Amounts in minor units of the opportunity's currency.
-- grain: one change. `changed_date` is the day in the company's zone.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        change.*,
        cast((change.changed_at at time zone run.time_zone) as date) as changed_date
    from staging.opportunity_change as change
    cross join param.run as run
)

select
    change.key,
    change.opportunity_key,
    change.changed_at,
    change.changed_date,
    change.field,
    change.old_stage_key,
    change.new_stage_key,
    to_minor(change.old_amount, coalesce(currency.scale, 100)) as old_amount,
    to_minor(change.new_amount, coalesce(currency.scale, 100)) as new_amount
from dated as change
inner join opportunity on opportunity.key = change.opportunity_key
left join param.currency as currency on currency.currency = opportunity.currency
where change.deleted_at is null
