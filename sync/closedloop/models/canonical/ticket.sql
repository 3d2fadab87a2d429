-- ticket: support cases that are not deleted or merged away.
-- grain: one ticket. Days in the company's zone. Without an account of its own it belongs to its person's.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        ticket.*,
        cast((ticket.opened_at at time zone run.time_zone) as date) as opened_date,
        cast((ticket.closed_at at time zone run.time_zone) as date) as closed_date
    from staging.ticket as ticket
    cross join param.run as run
)

select
    ticket.key,
    ticket.source,
    ticket.url,
    coalesce(moved.survivor_key, ticket.person_key) as person_key,
    coalesce(account.survivor_key, ticket.account_key, person.account_key) as account_key,
    ticket.opened_date,
    ticket.closed_date,
    ticket.priority,
    coalesce(ticket.is_escalated, false) as is_escalated,
    ticket.status
from dated as ticket
left join survivor as account on account.entity = 'account' and account.key = ticket.account_key
left join survivor as moved on moved.entity = 'person' and moved.key = ticket.person_key
left join person on person.key = coalesce(moved.survivor_key, ticket.person_key)
where ticket.deleted_at is null and ticket.merged_into is null
