-- activity: calls, meetings, mails and tasks that a person of ours did.
-- grain: one activity. `at_date` is the day in the company's zone.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        activity.*,
        cast((activity."at" at time zone run.time_zone) as date) as at_date
    from staging.activity as activity
    cross join param.run as run
)

select
    activity.key,
    activity.kind,
    coalesce(person.survivor_key, activity.person_key) as person_key,
    coalesce(account.survivor_key, activity.account_key) as account_key,
    coalesce(deal.survivor_key, activity.opportunity_key) as opportunity_key,
    activity.owner_key,
    activity.at_date
from dated as activity
left join survivor as person on person.entity = 'person' and person.key = activity.person_key
left join survivor as account on account.entity = 'account' and account.key = activity.account_key
left join survivor as deal on deal.entity = 'opportunity' and deal.key = activity.opportunity_key
where activity.deleted_at is null
