-- group_sales: what the accounts reached were ever invoiced, and how many became customers. Overlapping.
-- grain: one group of events that reached an account.
select
    group_kind,
    group_key,
    count(*) as accounts_reached,
    cast(sum(invoiced) as bigint) as attendee_ltv,
    cast(sum(collected) as bigint) as attendee_ltv_collected,
    cast(sum(invoiced_after) as bigint) as ltv_after_event,
    cast(sum(collected_after) as bigint) as ltv_after_event_collected,
    count(*) filter (where is_new_customer) as new_customers,
    cast(sum(not_convertible) as bigint) as not_convertible
from group_account
group by group_kind, group_key
