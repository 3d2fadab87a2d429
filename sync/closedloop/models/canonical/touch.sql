-- touch: what the sources say about a person at an event.
-- grain: one source record. Touches of deleted campaigns are left out; `person_key` is what the source itself says.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        touch.*,
        cast((touch.occurred_at at time zone run.time_zone) as date) as occurred_date
    from staging.touch as touch
    cross join param.run as run
)

select
    touch.key,
    touch.source,
    touch.object,
    touch.source_id,
    touch.url,
    campaign.key as campaign_key,
    coalesce(person.survivor_key, touch.person_key) as person_key,
    normal_email(touch.email) as email,
    blank_to_null(touch.name) as name,
    blank_to_null(touch.company) as company,
    blank_to_null(touch.phone) as phone,
    touch.status,
    status_rank.rank as status_rank,
    coalesce(touch.occurred_date, touch.occurred_on) as occurred_on
from dated as touch
left join survivor as moved on moved.entity = 'campaign' and moved.key = touch.campaign_key
inner join campaign on campaign.key = coalesce(moved.survivor_key, touch.campaign_key)
left join survivor as person on person.entity = 'person' and person.key = touch.person_key
inner join param.status_rank as status_rank on status_rank.status = touch.status
where touch.deleted_at is null
