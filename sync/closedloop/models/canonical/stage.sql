-- stage: steps of the sales pipeline; a higher rank is later.
-- grain: one stage, deleted ones too: history still speaks of them.
select key, source, name, rank, coalesce(is_won, false) as is_won, coalesce(is_closed, false) as is_closed
from staging.stage
