-- account_domain: the domains of an account's website and e-mail; free-mail domains identify nobody.
-- grain: one domain of one account.
with named as (
    select account_key, web_domain(website) as domain
    from account_record
    union
    select account_key, email_domain(email) as domain
    from account_record
)

select named.account_key, named.domain
from named
left join param.free_mail as free_mail on free_mail.domain = named.domain
where named.domain is not null and free_mail.domain is null
