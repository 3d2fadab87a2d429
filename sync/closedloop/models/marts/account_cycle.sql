-- account_cycle: when an account that bought is expected to buy again.
-- grain: one account with a purchase. Expected within its median gap (nearest rank) × 1.5; with fewer than two gaps the
-- company's median counts, and under 20 gaps in all the declared default, marked assumed.
with ranked as (
    select
        account_key,
        gap,
        row_number() over (partition by account_key order by gap, date) as place,
        count(*) over (partition by account_key) as gaps
    from account_purchase
    where gap is not null
),

own as (
    select account_key, max(gaps) as gaps, min(gap) filter (where place = (gaps + 1) // 2) as median
    from ranked
    group by account_key
),

-- Of the company there are too many to be put in an order: how many are of each length is enough.
counted as (
    select gap, count(*) as gaps
    from ranked
    group by gap
),

cumulated as (
    select
        gap,
        sum(gaps) over (order by gap rows between unbounded preceding and current row) as gaps_to,
        sum(gaps) over () as gaps
    from counted
),

company as (
    select max(gaps) as gaps, min(gap) filter (where 2 * gaps_to >= gaps) as median
    from cumulated
),

bought as (
    select account_key, count(*) as purchases, max(date) as last_date
    from account_purchase
    group by account_key
),

expected as (
    select
        bought.account_key,
        bought.purchases,
        bought.last_date,
        cast(
            case
                when own.gaps >= 2 then own.median
                when company.gaps >= 20 then company.median
                else run.repeat_cycle_days
            end as integer
        ) as median_gap,
        coalesce(own.gaps, 0) < 2 and coalesce(company.gaps, 0) < 20 as is_assumed
    from bought
    cross join param.run as run
    cross join company
    left join own on own.account_key = bought.account_key
)

select
    account_key,
    purchases,
    last_date,
    median_gap,
    is_assumed,
    last_date + cast((3 * median_gap) // 2 as integer) as due_date
from expected
