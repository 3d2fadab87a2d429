-- touch_evidence: what identifies the person and the company of a touch, normalised once.
-- grain: one touch. `identity_key` is who it is as long as nobody is found: the e-mail, else name and company; a role
-- mailbox is shared, so it needs the name beside it. Without any of these every touch is somebody else.
with normal as (
    select
        touch.key,
        touch.campaign_key,
        touch.person_key,
        touch.email,
        normal_name(touch.name) as name,
        company_name(touch.company) as company,
        mailbox.local_part is not null as is_role,
        free_mail.domain is not null as is_free,
        email_domain(touch.email) as domain
    from touch
    left join param.role_mailbox as mailbox on mailbox.local_part = split_part(touch.email, '@', 1)
    left join param.free_mail as free_mail on free_mail.domain = email_domain(touch.email)
)

select
    key,
    campaign_key,
    person_key,
    email as stated_email,
    case when not is_role and is_email(email) then email end as email,
    name,
    company,
    case when not is_free then domain end as domain,
    is_free,
    email is not null or (name is not null and company is not null) as has_identity,
    case
        when email is not null and not (is_role and name is not null) then 'email:' || email
        when email is not null then 'email:' || email || '|' || name
        when name is not null and company is not null then 'name:' || name || '|' || company
        else 'touch:' || key
    end as identity_key
from normal
