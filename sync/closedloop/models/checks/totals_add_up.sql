-- totals_add_up: the named totals sum to all that was invoiced.
select
    'totals' as record,
    'the parts are off by '
    || cast(
        sum(case when name = 'invoiced_all' then -value else value end) as varchar
    ) as detail
from totals
where name in ('invoiced_all', 'credited', 'no_deal', 'no_touch', 'unlinked', 'not_convertible')
having sum(case when name = 'invoiced_all' then -value else value end) <> 0
