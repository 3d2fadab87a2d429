-- person_change: when a person of the CRM moved from one account to another, where the CRM keeps a history of it.
-- grain: one change of the field `account`. `changed_date` is the day in the company's zone; merged records' changes are
-- those of their survivor, and an account that was merged away is the one that stands for it.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        change.*,
        cast((change.changed_at at time zone run.time_zone) as date) as changed_date
    from staging.person_change as change
    cross join param.run as run
)

select
    change.key,
    coalesce(person.survivor_key, change.person_key) as person_key,
    change.changed_at,
    change.changed_date,
    coalesce(old_account.survivor_key, change.old_account_key) as old_account_key,
    coalesce(new_account.survivor_key, change.new_account_key) as new_account_key
from dated as change
left join survivor as person on person.entity = 'person' and person.key = change.person_key
left join survivor as old_account on old_account.entity = 'account' and old_account.key = change.old_account_key
left join survivor as new_account on new_account.entity = 'account' and new_account.key = change.new_account_key
where change.deleted_at is null and change.field = 'account' and change.changed_at is not null
