-- campaign_day: what each event is given on each day, by the primary model: invoiced on the days of the documents,
-- collected on the days on which their settlements took effect.
-- grain: one day of one campaign with either.
with dated as (
    select campaign_key, date, value as attributed, 0 as collected
    from primary_credit
    where bucket = 'credited'
    union all
    select campaign_key, date, 0 as attributed, collected
    from collected_share
)

select
    campaign_key,
    date,
    cast(sum(attributed) as bigint) as attributed,
    cast(sum(collected) as bigint) as collected
from dated
group by campaign_key, date
