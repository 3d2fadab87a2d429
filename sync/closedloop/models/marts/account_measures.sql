-- account_measures: the published figures of each account of the CRM. Money in minor home units.
-- grain: one account, also one that never bought anything. Where sales are rolled up to the topmost parent they are all
-- the parent's, and its children have none.
with customers as (
    select family.rolled_key as account_key, count(*) as customers
    from link_customer_account as link
    inner join account_family as family on family.account_key = link.account_key
    group by family.rolled_key
),

events as (
    select account_key, count(distinct campaign_key) as events_attended
    from touch_resolved
    where status = 'attended' and account_key is not null
    group by account_key
),

linear as (
    select account_key, cast(sum(value) as bigint) as value
    from attribution_credit
    where model = 'linear'
    group by account_key
),

credited as (
    select account_key, cast(sum(attributed) as bigint) as value
    from account_credit
    group by account_key
),

unallocated as (
    select account_key, cast(sum(amount) as bigint) as amount
    from payment_unallocated
    group by account_key
),

exchange as (
    select account_key, cast(sum(fx_difference) as bigint) as amount
    from document_exchange
    group by account_key
)

select
    account.key as account_key,
    account.name,
    account.url,
    account.source,
    account.object,
    account.source_id,
    family.ultimate_parent_key,
    run.as_of,
    coalesce(customers.customers, 0) as customers,
    coalesce(rollup.invoiced, 0) as invoiced,
    coalesce(rollup.collected, 0) as collected,
    coalesce(rollup.written_off, 0) as written_off,
    coalesce(unallocated.amount, 0) as unallocated,
    coalesce(exchange.amount, 0) as fx_difference,
    first.first_document_date,
    rollup.last_document_date,
    coalesce(events.events_attended, 0) as events_attended,
    coalesce(linear.value, 0) as attributed_linear,
    coalesce(credited.value, 0) as attributed,
    coalesce(rollup.not_convertible, 0) as not_convertible
from account
cross join param.run as run
inner join account_family as family on family.account_key = account.key
left join customers on customers.account_key = account.key
left join account_rollup as rollup on rollup.account_key = account.key
left join account_first_document as first on first.account_key = account.key
left join events on events.account_key = account.key
left join linear on linear.account_key = account.key
left join credited on credited.account_key = account.key
left join unallocated on unallocated.account_key = account.key
left join exchange on exchange.account_key = account.key
