-- account_mail_domain: the domains at which an account's people have their mail: its own, and those of its contacts.
-- grain: one domain of one account; free-mail domains identify nobody.
with mailbox as (
    select distinct account_key, split_part(email, '@', 2) as host
    from person_record
    where account_key is not null and is_email(email)
),

-- A domain is worked out once, however many accounts have people there.
named as (
    select host, registrable(host) as domain
    from (
        select distinct host
        from mailbox
    ) as known
)

select account_key, domain
from account_domain
union
select mailbox.account_key, named.domain
from mailbox
inner join named on named.host = mailbox.host
left join param.free_mail as free_mail on free_mail.domain = named.domain
where named.domain is not null and free_mail.domain is null
