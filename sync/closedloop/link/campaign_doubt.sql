-- campaign_doubt: campaigns of two systems that may be one event, which a person must decide.
-- grain: one pair, each the campaign that stands for its links; `kept_key` is the one that would be kept. Beside what the
-- rules doubt: one name with days that differ by a week at most, or that only one of them has.
-- What was found is joined from the left, in that order: of tables as new as these the engine does not know the sizes, and
-- would compare every event with every other.
with standing as (
    select record.*, coalesce(link.kept_key, record.key) as kept_key
    from campaign_evidence as record
    left join link_campaign as link on link.campaign_key = record.key
),

seldom as (
    select name
    from standing
    where name is not null
    group by name
    having count(*) <= 20
),

near as (
    select
        one.key,
        other.key as kept_key,
        case
            when one.start_date is null or other.start_date is null then 'only one of them says when it begins'
            else 'they begin on different days'
        end as doubt
    from standing as one
    inner join seldom on seldom.name = one.name
    inner join standing as other
        on other.name = one.name
        and (other.place < one.place or (other.place = one.place and other.source < one.source))
        and (
            (one.start_date is null and other.start_date is not null)
            or (one.start_date is not null and other.start_date is null)
            or (other.start_date <> one.start_date and abs(other.start_date - one.start_date) <= 7)
        )
    cross join param.run as run
    where run.automatic_links
),

found as (
    select
        named.key,
        named.other_key as kept_key,
        1 as tier,
        'stated' as rule,
        coalesce(named.doubt, 'several campaigns are named as one event') as doubt,
        'One names the other as the same event.' as evidence
    from campaign_named as named
    left join link_campaign as one on one.campaign_key = named.key
    left join link_campaign as other on other.campaign_key = named.other_key
    where named.doubt is not null or (one.campaign_key is null and other.campaign_key is null)
    union all
    select key, kept_key, 2 as tier, 'code' as rule, doubt, 'They have the code ' || code || '.' as evidence
    from campaign_coded
    where doubt is not null
    union all
    select key, kept_key, 3 as tier, 'name_day' as rule, doubt, 'They have one name and begin on the same day.' as evidence
    from campaign_dated
    where doubt is not null
    union all
    select key, kept_key, 4 as tier, 'name_day' as rule, doubt, 'They have one name.' as evidence
    from near
),

paired as (
    select
        one.kept_key as one_key,
        other.kept_key as other_key,
        case when other.place > one.place then other.kept_key else one.kept_key end as key,
        case when other.place > one.place then one.kept_key else other.kept_key end as kept_key,
        found.tier,
        found.rule,
        found.doubt,
        found.evidence
    from found
    left join standing as one on one.key = found.key
    left join standing as other on other.key = found.kept_key
    where one.kept_key is distinct from other.kept_key
)

select
    paired.key,
    paired.kept_key,
    arg_min(paired.rule, paired.tier) as rule,
    arg_min(paired.doubt, paired.tier) as doubt,
    arg_min(paired.evidence, paired.tier) as evidence
from paired
left join campaign_apart as apart on apart.one_key = paired.one_key and apart.other_key = paired.other_key
where apart.one_key is null
group by paired.key, paired.kept_key
