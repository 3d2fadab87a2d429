-- campaign_dated: campaigns of two systems with one name and one first day.
-- grain: one campaign (that stands for those declared the same or with one code) and one other to keep. `doubt` is null
-- where they are one event without asking anybody: no system has the name and day twice, and no other name speaks for
-- another campaign.
with member as (
    select
        record.source,
        case when record.name is not null and record.start_date is not null
            then concat_ws(' ', cast(record.start_date as varchar), record.name)
        end as mark,
        coalesce(coded.kept_key, declared.kept_key, record.key) as key
    from campaign_evidence as record
    left join campaign_declared as declared on declared.key = record.key
    left join campaign_coded as coded on coded.key = coalesce(declared.kept_key, record.key) and coded.doubt is null
),

apart as (
    select
        coalesce(one.kept_key, told.one_key) as one_key,
        coalesce(other.kept_key, told.other_key) as other_key
    from campaign_apart as told
    left join campaign_coded as one on one.key = told.one_key and one.doubt is null
    left join campaign_coded as other on other.key = told.other_key and other.doubt is null
),

shared as (
    select mark
    from member
    where mark is not null
    group by mark
    having count(distinct key) > 1
),

carrier as (
    select distinct member.mark, member.key
    from member
    inner join shared on shared.mark = member.mark
),

system as (
    select carrier.mark, count(*) as campaigns, count(distinct owned.source) as systems
    from carrier
    inner join (select distinct key, source from member) as owned on owned.key = carrier.key
    group by carrier.mark
),

placed as (
    select
        carrier.mark,
        carrier.key,
        evidence.source,
        system.campaigns,
        system.campaigns > system.systems as is_twice,
        count(*) over (partition by carrier.key) as marks,
        row_number() over (partition by carrier.mark order by evidence.place, evidence.source, carrier.key) as place
    from carrier
    inner join campaign_evidence as evidence on evidence.key = carrier.key
    inner join system on system.mark = carrier.mark
),

judged as (
    select
        *,
        case
            when is_twice then 'one system has this name on this day twice'
            when max(marks) over (partition by mark) > 1 then 'their names speak for several campaigns'
        end as doubt
    from placed
)

select distinct
    one.key,
    other.key as kept_key,
    one.doubt
from judged as one
inner join judged as other on other.mark = one.mark and other.place < one.place
cross join param.run as run
left join apart on apart.one_key = one.key and apart.other_key = other.key
where
    run.automatic_links
    and apart.one_key is null
    and (
        (one.doubt is null and other.place = 1)
        or (one.doubt is not null and one.source <> other.source and one.campaigns <= 20)
    )
