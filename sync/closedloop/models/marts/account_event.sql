-- account_event: the account's earliest credit touch at each event, in the order of its events.
-- grain: one event of one account. `place` 1 is the account's first event, ties by campaign key.
with earliest as (
    select account_key, campaign_key, min(touch_date) as touch_date
    from account_touch
    group by account_key, campaign_key
)

select
    account_key,
    campaign_key,
    touch_date,
    row_number() over (partition by account_key order by touch_date, campaign_key) as place
from earliest
