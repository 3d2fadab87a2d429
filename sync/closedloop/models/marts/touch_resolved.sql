-- touch_resolved: who was at which event, once (definitions 6 to 9).
-- grain: one person, or one raw identity, at one campaign. The highest status over all sources counts; of several records
-- with it the earliest day, then the smallest key. Attended: the day of the scan if it is one of the event's days, the
-- nearest of them if it is one day off, else the first day. Other statuses: the day stated by the source, else the first
-- day. Never the import date. Who cancelled has no touch, and a cancelled registration says nothing about the others.
-- Account: decided; else what the scan itself points to; else the person's on the event's first day, where the CRM keeps a
-- history of it; else the person's own now. Of two changes on one day the later counts; who had no account then has today's.
with past as (
    select
        touch.key as touch_key,
        change.changed_date <= campaign.start_date as is_before,
        case
            when change.changed_date <= campaign.start_date then change.new_account_key
            else change.old_account_key
        end as account_key,
        change.changed_at,
        change.key
    from touch
    inner join campaign on campaign.key = touch.campaign_key
    inner join link_person as link on link.identity_key = touch.key
    inner join person_change as change on change.person_key = link.person_key
    where campaign.start_date is not null
),

then_of as (
    select nearest.touch_key, account.key as account_key
    from (
        select touch_key, account_key
        from past
        qualify row_number() over (
            partition by touch_key
            order by
                is_before desc,
                case when is_before then changed_at end desc nulls last,
                case when is_before then key end desc nulls last,
                changed_at,
                key
        ) = 1
    ) as nearest
    inner join account on account.key = nearest.account_key
),

named as (
    select
        touch.key,
        touch.campaign_key,
        touch.status,
        touch.status_rank,
        touch.url,
        link.person_key,
        coalesce(link.person_key, evidence.identity_key) as person_identity,
        link.person_key is not null or evidence.has_identity as has_identity,
        coalesce(direct.account_key, then_of.account_key, person.account_key) as account_key,
        case
            when direct.decided then 1
            when direct.account_key is not null then 2
            when then_of.account_key is not null then 3
            else 4
        end as account_tier,
        case
            when direct.account_key is not null then direct.evidence
            when then_of.account_key is not null
                then 'It was the account of the person in the CRM when the event began.'
            when person.account_key is not null then 'It is the account of the person in the CRM.'
        end as account_evidence,
        case
            when touch.occurred_on is null then campaign.start_date
            when campaign.start_date is null then touch.occurred_on
            when touch.status <> 'attended' then touch.occurred_on
            when touch.occurred_on between campaign.start_date and campaign.end_date then touch.occurred_on
            when touch.occurred_on = campaign.start_date - 1 then campaign.start_date
            when touch.occurred_on = campaign.end_date + 1 then campaign.end_date
            else campaign.start_date
        end as touch_date
    from touch
    inner join touch_evidence as evidence on evidence.key = touch.key
    inner join campaign on campaign.key = touch.campaign_key
    left join link_person as link on link.identity_key = touch.key
    left join person on person.key = link.person_key
    left join link_touch_account as direct on direct.touch_key = touch.key
    left join then_of on then_of.touch_key = touch.key
    where touch.status <> 'cancelled'
),

crowded as (
    select person_identity, campaign_key
    from named
    group by person_identity, campaign_key
    having count(*) > 1
),

ranked as (
    select
        named.*,
        1 as place,
        named.account_key as best_account_key,
        named.account_evidence as best_account_evidence
    from named
    left join crowded on crowded.person_identity = named.person_identity and crowded.campaign_key = named.campaign_key
    where crowded.campaign_key is null
    union all
    select
        several.*,
        row_number() over (
            partition by person_identity, campaign_key order by status_rank desc, touch_date nulls last, key
        ) as place,
        first_value(account_key ignore nulls) over (
            partition by person_identity, campaign_key
            order by account_tier, status_rank desc, touch_date nulls last, key
            rows between unbounded preceding and unbounded following
        ) as best_account_key,
        first_value(account_evidence ignore nulls) over (
            partition by person_identity, campaign_key
            order by account_tier, status_rank desc, touch_date nulls last, key
            rows between unbounded preceding and unbounded following
        ) as best_account_evidence
    from (
        select named.*
        from named
        inner join crowded
            on crowded.person_identity = named.person_identity and crowded.campaign_key = named.campaign_key
    ) as several
)

select
    ranked.key as touch_key,
    ranked.campaign_key,
    ranked.person_identity,
    ranked.person_key,
    known.rolled_key as account_key,
    ranked.status,
    ranked.touch_date,
    credit.status is not null as is_credit,
    ranked.has_identity,
    ranked.best_account_evidence as account_evidence,
    ranked.url
from ranked
left join account_family as known on known.account_key = ranked.best_account_key
left join param.credit_status as credit on credit.status = ranked.status
where ranked.place = 1
