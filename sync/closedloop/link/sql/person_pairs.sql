-- Which pairs of people are worth comparing. grain: one pair.
-- in: {left}, {right}: comparable records; {frequency}: by how many of one side a value is shared
-- A value that very many records share finds too much and says too little: it needs a second value beside it.
with l as (select * from {left}),

r as (select * from {right}),

l_phones as (
    select key, phone1 as phone, first, last from l where phone1 is not null
    union all
    select key, phone2 as phone, first, last from l where phone2 is not null
),

r_phones as (
    select key, phone1 as phone, first, last from r where phone1 is not null
    union all
    select key, phone2 as phone, first, last from r where phone2 is not null
),

mail_size as (select value as mail, n from {frequency} where kind = 'mail_n' and n > {many}),

phone_size as (select value as phone, n from {frequency} where kind = 'phone_n' and n > {many}),

l_domains as (
    select key, last, first, called, box, domain as d from l where domain is not null
    union
    select key, last, first, called, box, firm_domain as d from l where firm_domain is not null
),

r_domains as (
    select key, last, first, called, box, domain as d from r where domain is not null
    union
    select key, last, first, called, box, firm_domain as d from r where firm_domain is not null
)

select l.key as l, r.key as r
from l inner join r on r.mail = l.mail
left join mail_size on mail_size.mail = l.mail
where mail_size.n is null or r.last = l.last
union
select l.key as l, r.key as r
from l inner join r on r.box = l.box and r.mail_domain = l.mail_domain
where not l.is_role and not r.is_role
union
select l.key as l, r.key as r
from l_phones as l inner join r_phones as r on r.phone = l.phone
left join phone_size on phone_size.phone = l.phone
where phone_size.n is null or r.last = l.last
union
select l.key as l, r.key as r
from l_domains as l inner join r_domains as r on r.d = l.d and r.last = l.last
where left(r.first, 1) = left(l.first, 1) or r.first = l.last
union
select l.key as l, r.key as r
from l_domains as l inner join r_domains as r on r.d = l.d and r.called = l.called
where left(r.last, 3) = left(l.last, 3) or right(r.last, 3) = right(l.last, 3)
union
select l.key as l, r.key as r
from l_domains as l inner join r_domains as r on r.d = l.d and r.first = l.last and r.last = l.first
union
select l.key as l, r.key as r
from l inner join r on r.bag = l.bag and r.firm = l.firm
union
select l.key as l, r.key as r
from l inner join r on r.last = l.last and r.firm = l.firm
where left(r.first, 1) = left(l.first, 1)
union
select l.key as l, r.key as r
from l inner join r on r.called = l.called and r.firm = l.firm
where left(r.last, 3) = left(l.last, 3) or right(r.last, 3) = right(l.last, 3)
union
select l.key as l, r.key as r
from l inner join r on r.letters = l.letters and r.is_free and l.is_free and r.bag = l.bag
where length(l.letters) >= 5
