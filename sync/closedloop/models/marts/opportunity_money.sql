-- opportunity_money: deals with their amounts in the home currency.
-- grain: one opportunity. Converted by the declared table at the close date when closed, else at the as-of day; no usable
-- rate leaves the amounts empty. `first_amount` is the first amount other than zero that was ever recorded.
with amount_change as (
    select
        opportunity_key,
        arg_min(old_amount, (changed_at, key)) as amount_before,
        arg_min(new_amount, (changed_at, key)) filter (where new_amount <> 0) as first_set
    from opportunity_change
    where field = 'amount'
    group by opportunity_key
),

rated as (
    select
        opportunity.*,
        coalesce(
            nullif(amount_change.amount_before, 0), nullif(amount_change.first_set, 0), opportunity.amount
        ) as own_first_amount,
        case when opportunity.currency = run.home_currency then 1 else rate_on.numerator end as numerator,
        case when opportunity.currency = run.home_currency then 1 else rate_on.denominator end as denominator
    from opportunity
    cross join param.run as run
    left join amount_change on amount_change.opportunity_key = opportunity.key
    left join rate_on
        on rate_on.currency = opportunity.currency and rate_on.date = coalesce(opportunity.closed_date, run.as_of)
)

select
    rated.key as opportunity_key,
    rated.name,
    rated.url,
    rated.source,
    coalesce(family.rolled_key, rated.account_key) as account_key,
    person_key,
    campaign_key,
    number,
    po,
    source_id,
    currency,
    amount as own_amount,
    mul_div(amount, numerator, denominator) as amount,
    mul_div(own_first_amount, numerator, denominator) as first_amount,
    numerator,
    denominator,
    probability,
    stage_key,
    is_closed,
    is_won,
    created_date,
    expected_close,
    closed_date,
    owner_key
from rated
left join account_family as family on family.account_key = rated.account_key
