-- unique_keys: every canonical record has a key, and no two have the same.
with twice as (
    select 'account' as entity, key, count(*) as records
    from account
    group by key
    having count(*) > 1 or key is null
    union all
    select 'activity' as entity, key, count(*) as records
    from activity
    group by key
    having count(*) > 1 or key is null
    union all
    select 'allocation' as entity, key, count(*) as records
    from allocation
    group by key
    having count(*) > 1 or key is null
    union all
    select 'campaign' as entity, key, count(*) as records
    from campaign
    group by key
    having count(*) > 1 or key is null
    union all
    select 'cost_line' as entity, key, count(*) as records
    from cost_line
    group by key
    having count(*) > 1 or key is null
    union all
    select 'customer' as entity, key, count(*) as records
    from customer
    group by key
    having count(*) > 1 or key is null
    union all
    select 'document' as entity, key, count(*) as records
    from document
    group by key
    having count(*) > 1 or key is null
    union all
    select 'line' as entity, key, count(*) as records
    from line
    group by key
    having count(*) > 1 or key is null
    union all
    select 'opportunity' as entity, key, count(*) as records
    from opportunity
    group by key
    having count(*) > 1 or key is null
    union all
    select 'opportunity_change' as entity, key, count(*) as records
    from opportunity_change
    group by key
    having count(*) > 1 or key is null
    union all
    select 'owner' as entity, key, count(*) as records
    from owner
    group by key
    having count(*) > 1 or key is null
    union all
    select 'payment' as entity, key, count(*) as records
    from payment
    group by key
    having count(*) > 1 or key is null
    union all
    select 'person' as entity, key, count(*) as records
    from person
    group by key
    having count(*) > 1 or key is null
    union all
    select 'person_change' as entity, key, count(*) as records
    from person_change
    group by key
    having count(*) > 1 or key is null
    union all
    select 'stage' as entity, key, count(*) as records
    from stage
    group by key
    having count(*) > 1 or key is null
    union all
    select 'ticket' as entity, key, count(*) as records
    from ticket
    group by key
    having count(*) > 1 or key is null
    union all
    select 'touch' as entity, key, count(*) as records
    from touch
    group by key
    having count(*) > 1 or key is null
)

select
    entity || ' ' || coalesce(key, 'without a key') as record,
    cast(records as varchar) || ' records have this key' as detail
from twice
