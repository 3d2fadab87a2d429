-- cost_line_home: cost lines in the home currency; empty where no rate is usable.
-- grain: one cost line of one campaign.
select
    cost.key as cost_line_key,
    cost.campaign_key,
    cost.url,
    cost.date,
    cost.document_number,
    cost.description,
    case
        when cost.currency = run.home_currency then cost.net
        when cost.home_currency = run.home_currency and cost.home_net is not null then cost.home_net
        when cost.home_currency <> run.home_currency and cost.home_net is not null
            then mul_div(cost.home_net, ledger.numerator, ledger.denominator)
        else mul_div(cost.net, direct.numerator, direct.denominator)
    end as amount
from cost_line as cost
cross join param.run as run
left join rate_on as ledger on ledger.currency = cost.home_currency and ledger.date = cost.date
left join rate_on as direct on direct.currency = cost.currency and direct.date = cost.date
