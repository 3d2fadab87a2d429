-- account_measures: the published figures of each account of the CRM. Money in minor home units.
-- grain: one account, also one that never bought anything.
with customers as (
    select account_key, count(*) as customers
    from link_customer_account
    group by account_key
),

events as (
    select account_key, count(distinct campaign_key) as events_attended
    from touch_resolved
    where status = 'attended' and account_key is not null
    group by account_key
),

credited as (
    select account_key, cast(sum(value) as bigint) as value
    from attribution_credit
    where model = 'linear'
    group by account_key
)

select
    account.key as account_key,
    account.name,
    account.url,
    account.source,
    account.object,
    account.source_id,
    run.as_of,
    coalesce(customers.customers, 0) as customers,
    coalesce(rollup.invoiced, 0) as invoiced,
    coalesce(rollup.collected, 0) as collected,
    first.first_document_date,
    rollup.last_document_date,
    coalesce(events.events_attended, 0) as events_attended,
    coalesce(credited.value, 0) as attributed_linear,
    coalesce(rollup.not_convertible, 0) as not_convertible
from account
cross join param.run as run
left join customers on customers.account_key = account.key
left join account_rollup as rollup on rollup.account_key = account.key
left join account_first_document as first on first.account_key = account.key
left join events on events.account_key = account.key
left join credited on credited.account_key = account.key
