-- account_ticket: the open support ticket of an account that is to be looked at first.
-- grain: one account with any ticket. open_escalation goes before ticket_past_window, then the oldest open ticket, else the one closed last.
-- `date`: since when it is open, or the day on which it was closed; `until`: the last day of its window.
with judged as (
    select
        ticket.account_key,
        ticket.key,
        ticket.url,
        ticket.opened_date,
        ticket.closed_date,
        case
            when ticket.closed_date <= run.as_of then null
            when ticket.is_escalated then 'open_escalation'
            when run.as_of > ticket.opened_date + run.ticket_within_days then 'ticket_past_window'
        end as reason,
        coalesce(ticket.closed_date > run.as_of, true) as is_open,
        run.ticket_within_days
    from ticket
    cross join param.run as run
    where ticket.account_key is not null and ticket.opened_date <= run.as_of
)

select
    account_key,
    case
        when reason is not null then reason
        when is_open then 'pending'
        else 'ok'
    end as supported,
    case reason when 'open_escalation' then opened_date when 'ticket_past_window' then opened_date + ticket_within_days + 1 end
        as since,
    case when is_open then opened_date else closed_date end as date,
    case when is_open then opened_date + ticket_within_days end as until,
    url
from judged
qualify row_number() over (
    partition by account_key
    order by
        case when reason = 'open_escalation' then 1 when reason is not null then 2 when is_open then 3 else 4 end,
        case when is_open then opened_date end,
        closed_date desc,
        key
) = 1
