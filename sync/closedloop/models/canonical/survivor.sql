-- survivor: which record stands for a record that lives on in another one: as stated, or linked by evidence.
-- grain: one such record (entity, key). What people and the systems state counts first (survivor_stated); records that are
-- left apart and are one person by evidence (person_twin), or one event (link_campaign), come on top.
select
    stated.entity,
    stated.key,
    coalesce(twin.kept_key, event.kept_key, stated.survivor_key) as survivor_key
from survivor_stated as stated
left join person_twin as twin on stated.entity = 'person' and twin.key = stated.survivor_key
left join link_campaign as event on stated.entity = 'campaign' and event.campaign_key = stated.survivor_key
union all
select
    'person' as entity,
    key,
    kept_key as survivor_key
from person_twin
union all
select
    'campaign' as entity,
    campaign_key as key,
    kept_key as survivor_key
from link_campaign
