-- customer_domain: the domains of a ledger customer's website and e-mail; free-mail domains identify nobody.
-- grain: one domain of one customer.
with named as (
    select key as customer_key, web_domain(website) as domain
    from customer
    union
    select key as customer_key, email_domain(email) as domain
    from customer
)

select named.customer_key, named.domain
from named
left join param.free_mail as free_mail on free_mail.domain = named.domain
where named.domain is not null and free_mail.domain is null
