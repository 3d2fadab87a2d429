-- What identifies a company, comparable. grain: one record of {source}.
-- in: key, name, other_name, email, website, phone, street, city, postal_code, country, tax_id, external_id, source_id
-- Each step is a part of its own, so that no text is taken apart twice.
with named as (
    select
        * exclude (email),
        coalesce(nullif(trim(name), ''), nullif(trim(other_name), '')) as title,
        cl_unlabelled(coalesce(nullif(trim(other_name), ''), nullif(trim(name), ''))) as legal,
        case when trim(other_name) <> '' and not contains(name, ',') then cl_unlabelled(nullif(trim(name), '')) end as display,
        -- A second name in brackets, or what is left of it where a field was too short.
        nullif(nullif(trim(regexp_extract(coalesce(nullif(trim(other_name), ''), name), '\(([^()0-9]{{6,}})', 1)), ''), city) as inner_name,
        cl_email(email) as mail,
        cl_host(website) as host
    from {source}
),

plain as materialized (
    select
        *,
        cl_plain(cl_first_name(legal)) as p1,
        cl_plain(coalesce(cl_other_name(legal), inner_name, cl_first_name(display))) as p2,
        cl_street(cl_plain(street)) as road,
        cl_plain(city) as town,
        cl_plain(country) as land,
        nullif(coalesce(
            nullif(regexp_extract(title, '\s+-\s+([^-0-9]{{4,20}})\s*$', 1), ''), regexp_extract(title, '\(([^)0-9]{{4,20}})\)?\s*$', 1)
        ), '') as tail,
        split_part(mail, '@', 2) as mail_host,
        split_part(mail, '@', 1) as mail_name
    from named
),

formless as materialized (
    select *, cl_formless(p1) as f1, cl_formless(p2) as f2, coalesce(cl_form(p1), cl_form(p2)) as ending
    from plain
),

core as materialized (
    select *, cl_core(f1) as n1, nullif(cl_core(f2), cl_core(f1)) as n2
    from formless
),

long as materialized (
    select *, cl_long(n1) as l1, cl_long(n2) as l2
    from core
)

select
    long.key,
    long.title as name,
    n1,
    n2,
    cl_squashed(l1) as s1,
    cl_squashed(l2) as s2,
    cl_initials(n1) as initials,
    cl_kin(l1) as kin,
    nullif(coalesce(form.stem, ending), 'co') as form,
    coalesce(cl_number(f1), cl_number(f2)) as number,
    nullif(cl_squashed(cl_formless(cl_plain(tail))), cl_squashed(town)) as branch,
    web.domain as d1,
    case when free.domain is null then nullif(mailed.domain, web.domain) end as d2,
    mail,
    role.local_part is not null as is_role,
    cl_phone(phone) as phone,
    cl_house(road) as house,
    cl_way(road) as way,
    cl_postal(postal_code) as postal,
    cl_squashed(town) as city,
    cl_country.code as country,
    cl_tax(tax_id) as tax,
    nullif(trim(external_id), '') as external_id,
    source_id
from long
left join cl_domain as web on web.host = long.host
left join cl_domain as mailed on mailed.host = mail_host
left join cl_free_mail as free on free.domain = mailed.domain
left join cl_role_mailbox as role on role.local_part = mail_name
left join cl_form_stem as form on form.form = ending
left join cl_country on cl_country.name = land
