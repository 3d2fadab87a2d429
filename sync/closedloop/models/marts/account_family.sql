-- account_family: the topmost parent of each account, and the account whose figures its sales are part of (definition 5).
-- grain: one account. `rolled_key` is the account itself, or its topmost parent where sales are rolled up so. Parents are
-- followed twenty levels up; accounts that are each other's parents stay by themselves.
with recursive edge as (
    select child.key as account_key, parent.key as parent_key
    from account as child
    inner join account as parent on parent.key = child.parent_key
    where parent.key <> child.key
),

climb as (
    select account_key, parent_key, 1 as depth
    from edge
    union all
    select climb.account_key, edge.parent_key, climb.depth + 1 as depth
    from climb
    inner join edge on edge.account_key = climb.parent_key
    where climb.depth < 20
),

top as (
    select account_key, arg_max(parent_key, depth) as parent_key
    from climb
    group by account_key
    having max(depth) < 20
)

select
    account.key as account_key,
    coalesce(top.parent_key, account.key) as ultimate_parent_key,
    case
        when run.roll_up = 'ultimate_parent' then coalesce(top.parent_key, account.key)
        else account.key
    end as rolled_key
from account
cross join param.run as run
left join top on top.account_key = account.key
