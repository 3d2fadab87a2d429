-- attendee_deal: the deals of an attendee at an event: what the event opened or moved on, and whether the attendee is on it.
-- grain: one attendee with any: a deal of the account, or one on which the person has a role. `first_` is the deal created
-- first. Whether it was won is asked of the deals with a role only.
with attendee as (
    select touch_key, campaign_key, person_key, account_key
    from touch_resolved
    where is_credit and person_key is not null
),

pair as (
    select attendee.touch_key, attendee.person_key, opened.opportunity_key
    from attendee
    inner join campaign_opportunity as opened
        on opened.campaign_key = attendee.campaign_key and opened.account_key = attendee.account_key
    union
    select attendee.touch_key, attendee.person_key, opened.opportunity_key
    from attendee
    inner join opportunity_person as member on member.person_key = attendee.person_key
    inner join campaign_opportunity as opened
        on opened.campaign_key = attendee.campaign_key and opened.opportunity_key = member.opportunity_key
),

named as (
    select
        pair.touch_key,
        opportunity.key,
        opportunity.url,
        opportunity.created_date,
        opportunity.closed_date,
        opportunity.campaign_key,
        opportunity.is_won,
        opportunity.is_closed,
        member.person_key is not null as has_role,
        case when member.person_key is not null then pace.reason end as reason,
        case when member.person_key is not null then pace.since end as since
    from pair
    inner join opportunity on opportunity.key = pair.opportunity_key
    left join opportunity_person as member
        on member.opportunity_key = pair.opportunity_key and member.person_key = pair.person_key
    left join deal_pace as pace on pace.opportunity_key = pair.opportunity_key
)

select
    touch_key,
    bool_or(has_role) as has_role,
    bool_or(has_role and campaign_key is not null) as has_campaign,
    min(created_date) filter (where has_role and campaign_key is not null) as with_campaign_date,
    min(closed_date) filter (where has_role and is_won) as won_date,
    min(created_date) filter (where has_role and not is_closed) as open_date,
    bool_or(has_role and is_won) as is_won,
    bool_or(has_role and not is_closed) as is_open,
    coalesce(min(created_date) filter (where has_role), min(created_date)) as first_created,
    coalesce(arg_min(url, (created_date, key)) filter (where has_role), arg_min(url, (created_date, key))) as first_url,
    arg_min(reason, (since, key)) filter (where reason is not null) as late_reason,
    min(since) as late_since,
    arg_min(url, (since, key)) filter (where reason is not null) as late_url
from named
group by touch_key
