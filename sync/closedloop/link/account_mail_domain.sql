-- account_mail_domain: the domains at which an account's people have their mail: its own, and those of its contacts.
-- grain: one domain of one account; free-mail domains identify nobody.
with mailbox as (
    select distinct account_key, email_domain(email) as domain
    from person_record
    where account_key is not null and is_email(email)
)

select account_key, domain
from account_domain
union
select mailbox.account_key, mailbox.domain
from mailbox
left join param.free_mail as free_mail on free_mail.domain = mailbox.domain
where mailbox.domain is not null and free_mail.domain is null
