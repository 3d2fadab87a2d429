-- What identifies a person, comparable. grain: one record of {source}.
-- in: key, name, first_name, last_name, email, phone, mobile, company, website, city, country
with named as (
    select
        key,
        cl_plain(case when trim(concat(first_name, last_name)) <> '' then null
            when contains(name, ',') then split_part(name, ',', 2) || ' ' || split_part(name, ',', 1) else name end) as whole,
        cl_plain(first_name) as given,
        cl_plain(last_name) as family,
        nullif(trim(coalesce(nullif(trim(name), ''), concat_ws(' ', first_name, last_name))), '') as name,
        cl_email(email) as mail,
        cl_phone(phone) as phone1,
        cl_phone(mobile) as phone2,
        cl_plain(cl_unlabelled(cl_first_name(company))) as firm,
        cl_host(website) as host,
        cl_plain(city) as town,
        cl_plain(country) as land
    from {source}
),

untitled as materialized (
    select
        *,
        string_split(trim(regexp_replace(regexp_replace(
            coalesce(whole, concat_ws(' ', given, family)),
            '^(mr|mrs|ms|miss|dr|prof|herr|frau|mme|sr|sra) ', ''), ' (jr|sr|ii|iii|phd|md)$', '')), ' ') as words,
        split_part(mail, '@', 1) as mail_name,
        split_part(mail, '@', 2) as mail_host,
        cl_formless(firm) as firm_name
    from named
),

parted as materialized (
    select
        *,
        -- A single letter between two names is an initial that one record has and another has not.
        list_filter(words, lambda word, place: word <> '' and (length(word) > 1 or place = 1 or len(words) = 2)) as parts
    from untitled
),

long as (
    select
        parted.*,
        case
            when family is not null then cl_squashed(split_part(given, ' ', 1))
            when len(parts) > 1 or given is not null then cl_squashed(parts[1])
        end as first,
        case
            when family is not null then cl_squashed(family)
            when len(parts) > 1 then cl_squashed(array_to_string(parts[2:], ''))
            when given is null then cl_squashed(parts[1])
        end as last
    from parted
)

select
    long.key,
    long.name,
    first,
    coalesce(nick.long, first) as called,
    last,
    nullif(list_aggregate(list_sort(list_filter([coalesce(nick.long, first), coalesce(nick_last.long, last)], lambda word: word is not null)), 'string_agg', ' '), '') as bag,
    nullif(array_to_string(list_sort(parts), ' '), '') as words,
    mail,
    replace(replace(replace(mail_name, '.', ''), '_', ''), '-', '') as box,
    regexp_replace(mail_name, '[^a-z]', '', 'g') as letters,
    case when free.domain is null then mailed.domain end as domain,
    mailed.domain as mail_domain,
    free.domain is not null as is_free,
    role.local_part is not null as is_role,
    phone1,
    nullif(phone2, phone1) as phone2,
    cl_squashed(cl_long(cl_core(firm_name))) as firm,
    web.domain as firm_domain,
    cl_squashed(town) as city,
    cl_country.code as country
from long
left join (select short, min(long) as long from cl_nickname group by short) as nick on nick.short = first
left join (select short, min(long) as long from cl_nickname group by short) as nick_last on nick_last.short = last
left join cl_domain as mailed on mailed.host = mail_host
left join cl_domain as web on web.host = long.host
left join cl_free_mail as free on free.domain = mailed.domain
left join cl_role_mailbox as role on role.local_part = mail_name
left join cl_country on cl_country.name = land
