-- stage: steps of the sales pipeline; a higher rank is later.
-- grain: one stage, deleted ones too: history still speaks of them.
-- Who loses a deal has not come further: a stage that closes it unwon has no rank, wherever the vendor sorts it.
select
    key,
    source,
    name,
    case when coalesce(is_won, false) or not coalesce(is_closed, false) then rank end as rank,
    coalesce(is_won, false) as is_won,
    coalesce(is_closed, false) as is_closed
from staging.stage
