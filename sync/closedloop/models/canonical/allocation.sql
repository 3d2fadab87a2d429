-- allocation: what settles a document, in minor units of that document's currency.
-- grain: one settlement of one document. What a void or deleted payment settled is not settled, nor what credit did that is
-- a draft, void or deleted.
-- Credit settles both documents that it joins (definition 4): where a source tells of one side only, the other side is added,
-- as long as both are in one currency.
with stated as (
    select
        allocation.key,
        allocation.document_key,
        allocation.payment_key,
        case
            when allocation.credit_document_key <> allocation.document_key then allocation.credit_document_key
        end as other_document_key,
        to_minor(allocation.amount, document.scale) as amount,
        allocation.date,
        document.currency
    from staging.allocation as allocation
    inner join document on document.key = allocation.document_key
    left join payment on payment.key = allocation.payment_key
    left join document as credit on credit.key = allocation.credit_document_key
    left join staging.payment as gone on gone.key = allocation.payment_key and gone.deleted_at is not null
    left join staging.document as taken on taken.key = allocation.credit_document_key and taken.deleted_at is not null
    where
        allocation.deleted_at is null
        and coalesce(payment.status, 'posted') <> 'void'
        and coalesce(credit.status, 'posted') = 'posted'
        and gone.key is null
        and taken.key is null
)

select
    key,
    document_key,
    payment_key,
    other_document_key,
    amount,
    date
from stated
union all
select
    stated.key || '/other' as key,
    stated.other_document_key as document_key,
    cast(null as varchar) as payment_key,
    stated.document_key as other_document_key,
    stated.amount,
    stated.date
from stated
inner join document as other on other.key = stated.other_document_key and other.currency = stated.currency
left join staging.allocation as told
    on told.document_key = stated.other_document_key and told.credit_document_key = stated.document_key
where told.key is null
