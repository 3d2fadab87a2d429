-- foreign_keys: a key that names a record names one that has landed; deleted and merged ones count as landed.
with reference as (
    select 'document' as entity, key, key as document_key, 'customer' as target_entity, customer_key as target
    from staging.document
    where deleted_at is null and status = 'posted'
    union all
    select 'line' as entity, key, document_key, 'document' as target_entity, document_key as target
    from staging.line
    where deleted_at is null
    union all
    select 'allocation' as entity, key, document_key, 'document' as target_entity, document_key as target
    from staging.allocation
    where deleted_at is null
    union all
    select 'allocation' as entity, key, document_key, 'document' as target_entity, credit_document_key as target
    from staging.allocation
    where deleted_at is null and credit_document_key is not null
    union all
    select 'touch' as entity, key, cast(null as varchar) as document_key, 'campaign' as target_entity, campaign_key as target
    from staging.touch
    where deleted_at is null
    union all
    select 'opportunity' as entity, key, cast(null as varchar) as document_key, 'account' as target_entity, account_key as target
    from staging.opportunity
    where deleted_at is null and account_key is not null
    union all
    select 'person' as entity, key, cast(null as varchar) as document_key, 'account' as target_entity, account_key as target
    from staging.person
    where deleted_at is null and account_key is not null
),

target as (
    select 'customer' as entity, key
    from staging.customer
    union all
    select 'document' as entity, key
    from staging.document
    union all
    select 'campaign' as entity, key
    from staging.campaign
    union all
    select 'account' as entity, key
    from staging.account
)

select
    case
        when document.key is null then reference.entity || ' ' || reference.key
        else case reference.entity when 'document' then '' else reference.entity || ' of ' end
            || document_name(document.kind, blank_to_null(document.number), document.key)
    end as record,
    'names ' || reference.target_entity || ' ' || coalesce(reference.target, 'nothing') || ', which has not landed' as detail
from reference
left join staging.document as document on document.key = reference.document_key
left join target on target.entity = reference.target_entity and target.key = reference.target
where target.key is null
