-- touch_status: every touch has a status that we know; an unknown word would drop the person from the count.
select touch.key as record, 'status ' || coalesce(touch.status, 'none') as detail
from staging.touch as touch
left join param.status_rank as known on known.status = touch.status
where touch.deleted_at is null and known.status is null
