-- account_credit: what each account's documents give to each event, by the primary model.
-- grain: one event of one account.
select
    credit.campaign_key,
    credit.account_key,
    cast(sum(credit.value) as bigint) as attributed,
    cast(sum(credit.collected) as bigint) as attributed_collected
from primary_credit as credit
where credit.bucket = 'credited'
group by credit.campaign_key, credit.account_key
