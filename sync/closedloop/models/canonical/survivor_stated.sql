-- survivor_stated: which record stands for a record that was merged, converted or declared the same by a person.
-- grain: one record that lives on in another one (entity, key). Chains are followed to their end.
-- Two records that a person told apart stay apart, whatever the CRM says of them.
-- A merge into a record that nobody knows is ignored; a circle of merges leaves its records as they are.
with recursive statement_of_identity as (
    select 'person' as entity, key, coalesce(merged_into, converted_person_key) as kept_key
    from staging.person
    union all
    select 'account' as entity, key, merged_into as kept_key
    from staging.account
    union all
    select 'customer' as entity, key, merged_into as kept_key
    from staging.customer
    union all
    select 'campaign' as entity, key, merged_into as kept_key
    from staging.campaign
    union all
    select 'opportunity' as entity, key, merged_into as kept_key
    from staging.opportunity
),

known as (
    select 'person' as entity, key
    from staging.person
    where deleted_at is null
    union all
    select 'account' as entity, key
    from staging.account
    where deleted_at is null
    union all
    select 'customer' as entity, key
    from staging.customer
    where deleted_at is null
    union all
    select 'campaign' as entity, key
    from staging.campaign
    where deleted_at is null
    union all
    select 'opportunity' as entity, key
    from staging.opportunity
    where deleted_at is null
),

decided as (
    select
        case kind when 'person_person' then 'person' else 'account' end as entity,
        left_key as key,
        right_key as kept_key
    from param.decision
    where kind in ('person_person', 'account_account') and verdict = 'accept'
    qualify row_number() over (partition by kind, left_key order by id desc) = 1
),

told_apart as (
    select
        case kind when 'person_person' then 'person' else 'account' end as entity,
        least(left_key, right_key) as one_key,
        greatest(left_key, right_key) as other_key,
        arg_max(verdict, id) as verdict
    from param.decision
    where kind in ('person_person', 'account_account')
    group by case kind when 'person_person' then 'person' else 'account' end, least(left_key, right_key), greatest(left_key, right_key)
),

edge as (
    select decided.entity, decided.key, decided.kept_key
    from decided
    inner join known on known.entity = decided.entity and known.key = decided.kept_key
    left join told_apart
        on told_apart.entity = decided.entity
        and told_apart.verdict = 'reject'
        and told_apart.one_key = least(decided.key, decided.kept_key)
        and told_apart.other_key = greatest(decided.key, decided.kept_key)
    where decided.key <> decided.kept_key and told_apart.entity is null
    union all
    select statement_of_identity.entity, statement_of_identity.key, statement_of_identity.kept_key
    from statement_of_identity
    inner join known
        on known.entity = statement_of_identity.entity and known.key = statement_of_identity.kept_key
    left join decided
        on decided.entity = statement_of_identity.entity and decided.key = statement_of_identity.key
    left join told_apart
        on told_apart.entity = statement_of_identity.entity
        and told_apart.verdict = 'reject'
        and told_apart.one_key = least(statement_of_identity.key, statement_of_identity.kept_key)
        and told_apart.other_key = greatest(statement_of_identity.key, statement_of_identity.kept_key)
    where
        decided.key is null
        and told_apart.entity is null
        and statement_of_identity.key <> statement_of_identity.kept_key
),

chain as (
    select entity, key, kept_key, 1 as depth
    from edge
    union all
    select chain.entity, chain.key, edge.kept_key, chain.depth + 1 as depth
    from chain
    inner join edge on edge.entity = chain.entity and edge.key = chain.kept_key
    where chain.depth < 20
)

select entity, key, kept_key as survivor_key
from chain
qualify row_number() over (partition by entity, key order by depth desc) = 1 and max(depth) over (partition by entity, key) < 20
