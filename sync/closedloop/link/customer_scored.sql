-- customer_scored: what the linker makes of the customers that exact evidence leaves without an account.
-- grain: one candidate of one customer. Only the shape is here: `closedloop.models.matching` fills it.
select
    customer.key as customer_key,
    account_record.account_key,
    cast(null as varchar) as record_key,
    cast(null as varchar) as decision,
    cast(null as bigint) as place,
    cast(null as double) as weight,
    cast(null as varchar) as pattern,
    cast(null as varchar) as doubt,
    cast(null as varchar) as runner_up,
    cast(null as double) as gap,
    cast(null as varchar) as evidence
from customer
inner join account_record on account_record.key = customer.key
inner join customer_exact on customer_exact.customer_key = customer.key
where 1 = 0
