-- foreign_keys: a key that names a record names one that has landed; deleted and merged ones count as landed.
with missing as (
    select
        'document' as entity,
        one.key,
        one.key as document_key,
        'customer' as target_entity,
        one.customer_key as target
    from staging.document as one
    left join staging.customer as other on other.key = one.customer_key
    where one.deleted_at is null and one.status = 'posted' and other.key is null
    union all
    select
        'line' as entity,
        one.key,
        one.document_key,
        'document' as target_entity,
        one.document_key as target
    from staging.line as one
    left join staging.document as other on other.key = one.document_key
    where one.deleted_at is null and other.key is null
    union all
    select
        'allocation' as entity,
        one.key,
        one.document_key,
        'document' as target_entity,
        one.document_key as target
    from staging.allocation as one
    left join staging.document as other on other.key = one.document_key
    where one.deleted_at is null and other.key is null
    union all
    select
        'allocation' as entity,
        one.key,
        one.document_key,
        'document' as target_entity,
        one.credit_document_key as target
    from staging.allocation as one
    left join staging.document as other on other.key = one.credit_document_key
    where one.deleted_at is null and one.credit_document_key is not null and other.key is null
    union all
    select
        'touch' as entity,
        one.key,
        cast(null as varchar) as document_key,
        'campaign' as target_entity,
        one.campaign_key as target
    from staging.touch as one
    left join staging.campaign as other on other.key = one.campaign_key
    where one.deleted_at is null and other.key is null
    union all
    select
        'opportunity' as entity,
        one.key,
        cast(null as varchar) as document_key,
        'account' as target_entity,
        one.account_key as target
    from staging.opportunity as one
    left join staging.account as other on other.key = one.account_key
    where one.deleted_at is null and one.account_key is not null and other.key is null
    union all
    select
        'person' as entity,
        one.key,
        cast(null as varchar) as document_key,
        'account' as target_entity,
        one.account_key as target
    from staging.person as one
    left join staging.account as other on other.key = one.account_key
    where one.deleted_at is null and one.account_key is not null and other.key is null
)

select
    case
        when document.key is null then missing.entity || ' ' || missing.key
        else case missing.entity when 'document' then '' else missing.entity || ' of ' end
            || document_name(document.kind, blank_to_null(document.number), document.key)
    end as record,
    'names ' || missing.target_entity || ' ' || coalesce(missing.target, 'nothing') || ', which has not landed' as detail
from missing
left join staging.document as document on document.key = missing.document_key
