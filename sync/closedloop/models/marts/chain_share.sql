-- chain_share: how much of the revenue is evidenced. Shares of the value of all documents; blank where that is not above zero.
-- grain: one row. linked: the customer is linked to an account. event touched: there is a path document → customer → account
-- → person → credit touch. whole: besides, no link of the account's chain is broken, and none of at least one such attendee.
with touched as (
    select account_key, bool_or(broken.subject_key is null) as is_whole
    from (select touch_key, account_key from chain_attendee where account_key is not null and person_key is not null) as attendee
    left join (select subject_key from chain_break where subject_kind = 'attendee') as broken
        on broken.subject_key = attendee.touch_key
    group by account_key
),

broken_account as (
    select account_key
    from chain_break
    where subject_kind = 'account' and account_key is not null
),

summed as (
    select
        sum(figure.value) as value,
        sum(figure.value) filter (where figure.account_key is not null) as linked,
        sum(figure.value) filter (where touched.account_key is not null) as event_touched,
        sum(figure.value) filter (where touched.is_whole and broken_account.account_key is null) as whole_chain
    from document_figure as figure
    left join touched on touched.account_key = figure.account_key
    left join broken_account on broken_account.account_key = figure.account_key
),

whole as (
    select
        cast(coalesce(value, 0) as bigint) as value,
        cast(coalesce(linked, 0) as bigint) as linked,
        cast(coalesce(event_touched, 0) as bigint) as event_touched,
        cast(coalesce(whole_chain, 0) as bigint) as whole_chain
    from summed
)

select
    value,
    linked,
    event_touched,
    whole_chain,
    case when value > 0 then ratio(linked, value) end as linked_share,
    case when value > 0 then ratio(event_touched, value) end as event_touched_share,
    case when value > 0 then ratio(whole_chain, value) end as whole_chain_share
from whole
