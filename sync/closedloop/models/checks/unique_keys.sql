-- unique_keys: every canonical record has a key, and no two have the same.
with keyed as (
    select 'account' as entity, key from account
    union all
    select 'activity' as entity, key from activity
    union all
    select 'allocation' as entity, key from allocation
    union all
    select 'campaign' as entity, key from campaign
    union all
    select 'cost_line' as entity, key from cost_line
    union all
    select 'customer' as entity, key from customer
    union all
    select 'document' as entity, key from document
    union all
    select 'line' as entity, key from line
    union all
    select 'opportunity' as entity, key from opportunity
    union all
    select 'opportunity_change' as entity, key from opportunity_change
    union all
    select 'owner' as entity, key from owner
    union all
    select 'payment' as entity, key from payment
    union all
    select 'person' as entity, key from person
    union all
    select 'person_change' as entity, key from person_change
    union all
    select 'stage' as entity, key from stage
    union all
    select 'ticket' as entity, key from ticket
    union all
    select 'touch' as entity, key from touch
)

select
    entity || ' ' || coalesce(key, 'without a key') as record,
    cast(count(*) as varchar) || ' records have this key' as detail
from keyed
group by entity, key
having count(*) > 1 or key is null
