-- campaign_cost: what an event cost: the actual cost entered, else the ledger's lines, else nothing.
-- grain: one campaign. Zero or less is no cost; ledger lines of which one has no usable rate are none: a part of the cost
-- would flatter the event. Foreign amounts entered are converted by the declared table at the first day.
with lines as (
    select campaign_key, cast(sum(amount) as bigint) as amount, count(*) filter (where amount is null) as unknown
    from cost_line_home
    group by campaign_key
),

entered as (
    select
        campaign.key as campaign_key,
        case
            when campaign.currency = run.home_currency then campaign.actual_cost
            else mul_div(campaign.actual_cost, rate_on.numerator, rate_on.denominator)
        end as actual_cost,
        case
            when campaign.currency = run.home_currency then campaign.budget
            else mul_div(campaign.budget, rate_on.numerator, rate_on.denominator)
        end as budget,
        campaign.actual_cost is not null and campaign.actual_cost > 0 as is_entered
    from campaign
    cross join param.run as run
    left join rate_on
        on rate_on.currency = campaign.currency and rate_on.date = coalesce(campaign.start_date, run.as_of)
)

select
    entered.campaign_key,
    case
        when entered.is_entered then entered.actual_cost
        when lines.amount > 0 and lines.unknown = 0 then lines.amount
    end as cost,
    case
        when entered.is_entered and entered.actual_cost is not null then 'entered'
        when not entered.is_entered and lines.amount > 0 and lines.unknown = 0 then 'ledger'
        else 'none'
    end as cost_source,
    entered.budget
from entered
left join lines on lines.campaign_key = entered.campaign_key
