-- Which pairs of a company on the left and one on the right are worth comparing. grain: one pair.
-- in: {left}, {right}: comparable records; {frequency}: by how many of one side a value is shared
-- A value that very many records share finds too much and says too little: it needs a second value beside it.
with l as (select * from {left}),

r as (select * from {right}),

l_names as (
    select key, s1 as s, city, postal, house, d1, d2, number from l where s1 is not null
    union all
    select key, s2 as s, city, postal, house, d1, d2, number from l where s2 is not null
),

r_names as (
    select key, s1 as s, city, postal, house, d1, d2, number from r where s1 is not null
    union all
    select key, s2 as s, city, postal, house, d1, d2, number from r where s2 is not null
),

l_domains as (
    select key, d1 as d, city, postal, number, s1 from l where d1 is not null
    union all
    select key, d2 as d, city, postal, number, s1 from l where d2 is not null
),

r_domains as (
    select key, d1 as d, city, postal, number, s1 from r where d1 is not null
    union all
    select key, d2 as d, city, postal, number, s1 from r where d2 is not null
),

name_size as (select value as s, n from {frequency} where kind = 'name_n' and n > {many}),

domain_size as (select value as d, n from {frequency} where kind = 'domain_n' and n > {many}),

phone_size as (select value as phone, n from {frequency} where kind = 'phone_n' and n > {many})

select l.key as l, r.key as r
from l inner join r on r.tax = l.tax
union
select l.key as l, r.key as r
from l inner join r on r.source_id = l.external_id
union
select l.key as l, r.key as r
from l inner join r on r.external_id = l.external_id
union
select l.key as l, r.key as r
from l inner join r on r.external_id = l.source_id
union
select l.key as l, r.key as r
from l inner join r on r.key = l.external_id
union
select l.key as l, r.key as r
from l inner join r on r.key = l.key
union
select l.key as l, r.key as r
from l inner join r on r.mail = l.mail
where not l.is_role
union
select l.key as l, r.key as r
from l inner join r on r.phone = l.phone
left join phone_size on phone_size.phone = l.phone
where phone_size.n is null or r.house = l.house or r.s1 = l.s1
union
select l.key as l, r.key as r
from l_domains as l inner join r_domains as r on r.d = l.d
left join domain_size on domain_size.d = l.d
where domain_size.n is null or r.number = l.number or r.postal = l.postal or r.city = l.city
union
select l.key as l, r.key as r
from l_names as l inner join r_names as r on r.s = l.s
left join name_size on name_size.s = l.s
where name_size.n is null or r.number = l.number or r.postal = l.postal or r.city = l.city or r.house = l.house
union
select l.key as l, r.key as r
from l inner join r on r.house = l.house and r.postal = l.postal
where left(r.way, 2) = left(l.way, 2) or left(r.s1, 3) = left(l.s1, 3)
union
select l.key as l, r.key as r
from l inner join r on r.house = l.house and r.city = l.city
where left(r.way, 3) = left(l.way, 3)
union
select l.key as l, r.key as r
from l inner join r on r.postal = l.postal and left(r.s1, 4) = left(l.s1, 4)
union
select l.key as l, r.key as r
from l inner join r on left(r.s1, 7) = left(l.s1, 7) and right(r.s1, 3) = right(l.s1, 3)
where length(l.s1) >= 9 and coalesce(r.city = l.city or r.country = l.country, true) and abs(length(l.s1) - length(r.s1)) <= 2
