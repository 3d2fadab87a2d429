-- account_touch: the days on which an account touched a campaign in a way that earns credit.
-- grain: one day of one account at one campaign.
select distinct account_key, campaign_key, touch_date
from touch_resolved
where is_credit and account_key is not null and touch_date is not null
