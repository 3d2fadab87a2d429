-- account_purchase: the days on which an account bought: a deal won or a positive document.
-- grain: one day of one account. `gap` is the days since the purchase before it.
with bought as (
    select account_key, date
    from document_figure
    where account_key is not null and sign > 0
    union
    select opportunity.account_key, opportunity.closed_date as date
    from opportunity_money as opportunity
    cross join param.run as run
    where opportunity.is_won and opportunity.account_key is not null and opportunity.closed_date <= run.as_of
)

select account_key, date, date - lag(date) over (partition by account_key order by date) as gap
from bought
