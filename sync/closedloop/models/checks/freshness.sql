-- freshness: every stream that a figure needs was read well within a week before the as-of day: figures of an old read look
-- like today's and are not. What was never read well, or failed since for longer, is named; what no run read has no row here.
select
    source.connection || '/' || source.stream as record,
    case
        when source.proved_through is null then 'was never read to its end'
        else 'is known through ' || cast(source.proved_through as varchar) || ' only'
    end as detail
from param.source as source
cross join param.run as run
where source.proved_through is null or source.proved_through < run.as_of - 8
