-- won_deal: whether a won deal was invoiced.
-- grain: one won deal of an account with an amount. `reason` is empty when all is well or still pending.
-- Credit notes neither make nor mend the break: what they took back is shown as `credited`. Compared in the deal's currency
-- when all its documents are in it, else in the home currency; their whole net counts, with what only passes through.
-- Pending: inside the window, while a repeating invoice of the deal or a future-dated document of the account exists, or
-- while the last document is younger than 400 days. `complete_date`: the day on which enough was
-- invoiced; `until`: the last day on which a pending one may wait, empty where that is open. `missing` is what is not invoiced yet, in home units, whatever the reason.
with invoiced as (
    select
        deal.deal_key,
        count(*) as documents,
        bool_and(figure.currency = opportunity.currency) as is_own,
        sum(figure.net) as own_sum,
        sum(figure.home_net) as home_sum,
        max(figure.date) as last_date,
        count(figure.repeating_key) > 0 as is_repeating
    from document_deal as deal
    inner join document_figure as figure on figure.document_key = deal.document_key
    inner join opportunity_money as opportunity on opportunity.opportunity_key = deal.deal_key
    group by deal.deal_key
),

running as (
    select
        deal.deal_key,
        figure.date,
        sum(sum(figure.net)) over (partition by deal.deal_key order by figure.date) as own_to,
        sum(sum(figure.home_net)) over (partition by deal.deal_key order by figure.date) as home_to
    from document_deal as deal
    inner join document_figure as figure on figure.document_key = deal.document_key
    group by deal.deal_key, figure.date
),

complete as (
    select running.deal_key, min(running.date) as date
    from running
    inner join invoiced on invoiced.deal_key = running.deal_key
    inner join opportunity_money as opportunity on opportunity.opportunity_key = running.deal_key
    where
        case
            when invoiced.is_own then 100 * running.own_to >= 98 * opportunity.own_amount
            else 100 * running.home_to >= 98 * opportunity.amount
        end
    group by running.deal_key
),

credited as (
    select part.deal_key, sum(part.value) as value
    from document_part as part
    inner join document_figure as figure on figure.document_key = part.document_key
    where figure.sign < 0 and part.deal_key is not null
    group by part.deal_key
),

announced as (
    select distinct link.account_key
    from document
    inner join link_customer_account as link on link.customer_key = document.customer_key
    cross join param.run as run
    where document.status = 'posted' and document.date > run.as_of
),

compared as (
    select
        opportunity.*,
        run.as_of,
        run.invoice_within_days,
        coalesce(invoiced.documents, 0) as documents,
        coalesce(invoiced.home_sum, 0) as invoiced,
        coalesce(credited.value, 0) as credited,
        coalesce(invoiced.is_repeating, false) or announced.account_key is not null as is_continued,
        invoiced.last_date,
        coalesce(complete.date, invoiced.last_date) as complete_date,
        coalesce(
            case
                when invoiced.documents is null then true
                when invoiced.is_own then 100 * invoiced.own_sum < 98 * opportunity.own_amount
                else 100 * invoiced.home_sum < 98 * opportunity.amount
            end,
            false
        ) as is_short
    from opportunity_money as opportunity
    cross join param.run as run
    left join invoiced on invoiced.deal_key = opportunity.opportunity_key
    left join complete on complete.deal_key = opportunity.opportunity_key
    left join credited on credited.deal_key = opportunity.opportunity_key
    left join announced on announced.account_key = opportunity.account_key
    where opportunity.is_won and opportunity.account_key is not null and opportunity.own_amount > 0
),

judged as (
    select
        *,
        case
            when not is_short or is_continued then null
            when documents = 0 and as_of > closed_date + invoice_within_days then 'won_not_invoiced'
            when documents > 0 and as_of - last_date >= 400 then 'invoice_amount_differs'
        end as reason
    from compared
)

select
    opportunity_key,
    account_key,
    amount,
    cast(invoiced as bigint) as invoiced,
    cast(credited as bigint) as credited,
    cast(case when is_short then greatest(coalesce(amount, 0) - invoiced, 0) else 0 end as bigint) as missing,
    documents,
    closed_date,
    url,
    is_short and reason is null as is_pending,
    case when not is_short then complete_date end as complete_date,
    case
        when is_short and not is_continued and documents = 0 then closed_date + invoice_within_days
        when is_short and not is_continued then last_date + 399
    end as until,
    reason,
    case when documents = 0 then closed_date + invoice_within_days + 1 else last_date + 400 end as since
from judged
