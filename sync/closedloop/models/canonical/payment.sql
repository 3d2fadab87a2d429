-- payment: money received or returned. Minor units of its currency.
-- grain: one payment that is not deleted.
select
    payment.key,
    payment.source,
    payment.url,
    coalesce(survivor.survivor_key, payment.customer_key) as customer_key,
    payment.date,
    payment.currency,
    to_minor(payment.amount, coalesce(currency.scale, 100)) as amount,
    payment.direction,
    payment.status
from staging.payment as payment
left join param.currency as currency on currency.currency = payment.currency
left join survivor on survivor.entity = 'customer' and survivor.key = payment.customer_key
where payment.deleted_at is null
