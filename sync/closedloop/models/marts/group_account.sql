-- group_account: the accounts that an event or a group of events reached, and what they were ever invoiced. Overlapping.
-- grain: one account of people who attended. `_after`: documents on or after the first day of the first of the group's
-- events where somebody from the account was.
with attended as (
    select touch.campaign_key, touch.account_key, count(*) as attended
    from touch_resolved as touch
    where touch.status = 'attended' and touch.account_key is not null
    group by touch.campaign_key, touch.account_key
),

reached as (
    select
        grouped.group_kind,
        grouped.group_key,
        attended.account_key,
        sum(attended.attended) as attended,
        min(grouped.start_date) as start_date
    from attended
    inner join campaign_group as grouped on grouped.campaign_key = attended.campaign_key
    group by grouped.group_kind, grouped.group_key, attended.account_key
),

came as (
    select distinct account_key, start_date
    from reached
    where start_date is not null
),

after_event as (
    select
        came.account_key,
        came.start_date,
        cast(sum(document.value) as bigint) as invoiced,
        cast(sum(document.collected) as bigint) as collected
    from came
    inner join document_figure as document
        on document.account_key = came.account_key and document.date >= came.start_date
    group by came.account_key, came.start_date
)

select
    reached.group_kind,
    reached.group_key,
    reached.account_key,
    cast(reached.attended as bigint) as attended,
    coalesce(rollup.invoiced, 0) as invoiced,
    coalesce(rollup.collected, 0) as collected,
    coalesce(after_event.invoiced, 0) as invoiced_after,
    coalesce(after_event.collected, 0) as collected_after,
    first.first_document_date,
    coalesce(first.first_document_date >= reached.start_date, false) as is_new_customer,
    coalesce(rollup.not_convertible, 0) as not_convertible
from reached
left join account_rollup as rollup on rollup.account_key = reached.account_key
left join after_event
    on after_event.account_key = reached.account_key and after_event.start_date = reached.start_date
left join account_first_document as first on first.account_key = reached.account_key
