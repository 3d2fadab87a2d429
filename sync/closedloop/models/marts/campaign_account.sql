-- campaign_account: the accounts that an event reached, and what they were ever invoiced. Overlapping.
-- grain: one account of people who attended one campaign. `_after`: documents on or after the event's first day.
with reached as (
    select
        touch.campaign_key,
        touch.account_key,
        count(*) as attended,
        min(campaign.start_date) as start_date
    from touch_resolved as touch
    inner join campaign on campaign.key = touch.campaign_key
    where touch.status = 'attended' and touch.account_key is not null
    group by touch.campaign_key, touch.account_key
),

daily as (
    select
        account_key,
        date,
        cast(sum(value) as bigint) as value,
        cast(sum(collected) as bigint) as collected
    from document_figure
    where account_key is not null
    group by account_key, date
),

after_event as (
    select
        reached.campaign_key,
        reached.account_key,
        sum(daily.value) as invoiced,
        sum(daily.collected) as collected
    from reached
    inner join daily on daily.account_key = reached.account_key and daily.date >= reached.start_date
    group by reached.campaign_key, reached.account_key
)

select
    reached.campaign_key,
    reached.account_key,
    reached.attended,
    coalesce(rollup.invoiced, 0) as invoiced,
    coalesce(rollup.collected, 0) as collected,
    cast(coalesce(after_event.invoiced, 0) as bigint) as invoiced_after,
    cast(coalesce(after_event.collected, 0) as bigint) as collected_after,
    first.first_document_date,
    coalesce(first.first_document_date >= reached.start_date, false) as is_new_customer,
    coalesce(rollup.not_convertible, 0) as not_convertible
from reached
left join account_rollup as rollup on rollup.account_key = reached.account_key
left join after_event
    on after_event.campaign_key = reached.campaign_key and after_event.account_key = reached.account_key
left join account_first_document as first on first.account_key = reached.account_key
