-- document_deal: the deal that an invoice or sales receipt belongs to (definition 10 a, c, d, e).
-- grain: one invoice or sales receipt with an account. Credit notes follow what they credit (`document_part`).
-- Within one repeating invoice a document takes the deal of the last earlier document that references one; if none
-- does, the deal that the first of them got by its amount; guesses come last and are inherited likewise.
-- Only documents of a repeating invoice have a `series_key` and look at the others of theirs.
-- What covers a deal for a guess is its invoices and sales receipts; credit notes do not uncover it. Documents dated later
-- than the as-of day cover nothing yet.
with repeating as (
    select distinct repeating_key as series_key
    from document_figure
    where repeating_key is not null
),

sale as (
    select
        document.document_key,
        document.account_key,
        document.date,
        document.currency,
        document.net,
        document.value,
        repeating.series_key,
        reference.deal_key as referenced_deal
    from document_figure as document
    left join deal_reference as reference on reference.document_key = document.document_key
    left join repeating on repeating.series_key = coalesce(document.repeating_key, document.document_key)
    where document.sign > 0 and document.account_key is not null
),

inherited as (
    select *, cast(null as varchar) as earlier_deal
    from sale
    where series_key is null
    union all
    select
        *,
        last_value(referenced_deal ignore nulls) over (
            partition by series_key order by date, document_key rows between unbounded preceding and 1 preceding
        ) as earlier_deal
    from sale
    where series_key is not null
),

won as (
    select *
    from opportunity_money
    where is_won and closed_date is not null and account_key is not null
),

by_amount as (
    select document.document_key, min(won.opportunity_key) as deal_key
    from inherited as document
    inner join won
        on won.account_key = document.account_key
        and won.closed_date >= document.date - 400
        and won.closed_date <= document.date + 30
    where
        document.referenced_deal is null
        and document.earlier_deal is null
        and case
            when won.currency = document.currency
                then won.own_amount > 0 and 50 * abs(document.net - won.own_amount) <= won.own_amount
            else won.amount > 0 and 50 * abs(document.value - won.amount) <= won.amount
        end
    group by document.document_key
    having count(*) = 1
),

matched as (
    select
        inherited.*,
        by_amount.deal_key as amount_deal,
        by_amount.deal_key as series_amount_deal
    from inherited
    left join by_amount on by_amount.document_key = inherited.document_key
    where inherited.series_key is null
    union all
    select
        inherited.*,
        by_amount.deal_key as amount_deal,
        first_value(by_amount.deal_key ignore nulls) over (
            partition by inherited.series_key, inherited.earlier_deal is null and inherited.referenced_deal is null
            order by inherited.date, inherited.document_key
            rows between unbounded preceding and current row
        ) as series_amount_deal
    from inherited
    left join by_amount on by_amount.document_key = inherited.document_key
    where inherited.series_key is not null
),

settled_deal as (
    select
        *,
        coalesce(referenced_deal, earlier_deal, series_amount_deal) as deal_key,
        case
            when referenced_deal is not null then 'reference'
            when earlier_deal is not null then 'repeating'
            when series_amount_deal is null then null
            when amount_deal = series_amount_deal then 'amount'
            else 'repeating'
        end as deal_rule
    from matched
),

covered as (
    select
        settled_deal.deal_key,
        sum(case when settled_deal.currency = deal.currency then settled_deal.net end) as own_sum,
        bool_and(settled_deal.currency = deal.currency) as is_own,
        sum(settled_deal.value) as home_sum
    from settled_deal
    inner join opportunity_money as deal on deal.opportunity_key = settled_deal.deal_key
    group by settled_deal.deal_key
),

uncovered as (
    select won.account_key, won.opportunity_key, won.closed_date
    from won
    left join covered on covered.deal_key = won.opportunity_key
    where
        case
            when coalesce(covered.is_own, true)
                then won.own_amount > 0 and 100 * coalesce(covered.own_sum, 0) < 98 * won.own_amount
            else won.amount > 0 and 100 * coalesce(covered.home_sum, 0) < 98 * won.amount
        end
),

guessed as (
    select settled_deal.document_key, uncovered.opportunity_key as deal_key
    from settled_deal
    inner join uncovered
        on uncovered.account_key = settled_deal.account_key
        and uncovered.closed_date <= settled_deal.date
        and uncovered.closed_date >= settled_deal.date - 400
    where settled_deal.deal_key is null
    qualify row_number() over (
        partition by settled_deal.document_key order by uncovered.closed_date desc, uncovered.opportunity_key
    ) = 1
),

inherited_guess as (
    select
        settled_deal.document_key,
        settled_deal.deal_key,
        settled_deal.deal_rule,
        guessed.deal_key as own_guess,
        guessed.deal_key as series_guess
    from settled_deal
    left join guessed on guessed.document_key = settled_deal.document_key
    where settled_deal.series_key is null
    union all
    select
        settled_deal.document_key,
        settled_deal.deal_key,
        settled_deal.deal_rule,
        guessed.deal_key as own_guess,
        first_value(guessed.deal_key ignore nulls) over (
            partition by settled_deal.series_key, settled_deal.deal_key is null
            order by settled_deal.date, settled_deal.document_key
            rows between unbounded preceding and current row
        ) as series_guess
    from settled_deal
    left join guessed on guessed.document_key = settled_deal.document_key
    where settled_deal.series_key is not null
)

select
    document_key,
    coalesce(deal_key, series_guess) as deal_key,
    case
        when deal_key is not null then deal_rule
        when series_guess is null then 'none'
        when own_guess = series_guess then 'guessed'
        else 'repeating'
    end as deal_rule
from inherited_guess
