-- campaign_coded: campaigns of two systems with one code.
-- grain: one campaign (that stands for those declared the same) and one other to keep. `doubt` is null where they are one
-- event without asking anybody: no system has the code twice, and no other code speaks for another campaign.
with member as (
    select record.source, record.code, coalesce(declared.kept_key, record.key) as key
    from campaign_evidence as record
    left join campaign_declared as declared on declared.key = record.key
),

shared as (
    select code
    from member
    where code is not null
    group by code
    having count(distinct key) > 1
),

carrier as (
    select distinct member.code, member.key
    from member
    inner join shared on shared.code = member.code
),

system as (
    select carrier.code, count(*) as campaigns, count(distinct owned.source) as systems
    from carrier
    inner join (select distinct key, source from member) as owned on owned.key = carrier.key
    group by carrier.code
),

placed as (
    select
        carrier.code,
        carrier.key,
        evidence.source,
        system.campaigns,
        system.campaigns > system.systems as is_twice,
        count(*) over (partition by carrier.key) as codes,
        row_number() over (partition by carrier.code order by evidence.place, evidence.source, carrier.key) as place
    from carrier
    inner join campaign_evidence as evidence on evidence.key = carrier.key
    inner join system on system.code = carrier.code
),

judged as (
    select
        *,
        case
            when is_twice then 'one system has this code twice'
            when max(codes) over (partition by code) > 1 then 'their codes speak for several campaigns'
        end as doubt
    from placed
)

select distinct
    one.key,
    other.key as kept_key,
    one.code,
    one.doubt
from judged as one
inner join judged as other on other.code = one.code and other.place < one.place
cross join param.run as run
left join campaign_apart as apart on apart.one_key = one.key and apart.other_key = other.key
where
    run.automatic_links
    and apart.one_key is null
    and (
        (one.doubt is null and other.place = 1)
        or (one.doubt is not null and one.source <> other.source and one.campaigns <= 20)
    )
