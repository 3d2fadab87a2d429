-- document_exchange: what the payments of a foreign document were worth on their own days, less what the same money is worth
-- at the document's rate (definition 4). Apart: the rates of payments never enter what was invoiced or collected.
-- grain: one document in a foreign currency on which a payment took effect, where the declared table has a rate for each.
with paid as (
    select
        settlement.document_key,
        sum(settlement.amount) as amount,
        sum(mul_div(settlement.amount, rate_on.numerator, rate_on.denominator)) as home_amount,
        count(*) filter (where rate_on.numerator is null) as unrated
    from settlement
    cross join param.run as run
    inner join document_figure as figure on figure.document_key = settlement.document_key
    inner join payment on payment.key = settlement.payment_key
    left join rate_on on rate_on.currency = figure.currency and rate_on.date = payment.date
    where settlement.effective_date <= run.as_of and figure.currency <> run.home_currency and figure.state = 'counted'
    group by settlement.document_key
)

select
    figure.document_key,
    figure.account_key,
    figure.sign * (cast(paid.home_amount as bigint) - mul_div(figure.home_gross, paid.amount, figure.gross)) as fx_difference
from paid
inner join document_figure as figure on figure.document_key = paid.document_key
where paid.unrated = 0
