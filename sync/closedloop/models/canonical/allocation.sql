-- allocation: what settles a document, in minor units of that document's currency.
-- grain: one settlement of one document. What a void payment settled is not settled.
select
    allocation.key,
    allocation.document_key,
    allocation.payment_key,
    case
        when allocation.credit_document_key <> allocation.document_key then allocation.credit_document_key
    end as other_document_key,
    to_minor(allocation.amount, document.scale) as amount,
    allocation.date
from staging.allocation as allocation
inner join document on document.key = allocation.document_key
left join payment on payment.key = allocation.payment_key
where allocation.deleted_at is null and coalesce(payment.status, 'posted') <> 'void'
