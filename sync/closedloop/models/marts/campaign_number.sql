-- campaign_number: a short name for each event that some journey may hold: where rows are many, keys would be most of them.
-- grain: one campaign with a credit touch of some account. Numbers are of one run, in the byte order of the keys.
with touched as (
    select distinct campaign_key
    from account_touch
)

select campaign_key, cast(row_number() over (order by campaign_key) as integer) as campaign_no
from touched
