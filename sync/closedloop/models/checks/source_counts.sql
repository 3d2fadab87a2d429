-- source_counts: the last read of every stream that a figure needs left nothing behind: as many records as the source said it
-- has, less those in quarantine, up to its newest change. Where a source cannot count, nothing is said.
select
    connection || '/' || stream as record,
    case
        when held is null or counted is null then 'was not read to its end'
        else 'holds ' || cast(held as varchar) || ' of the ' || cast(counted as varchar) || ' records of its source'
    end as detail
from param.source
where verdict in ('incomplete', 'failed')
