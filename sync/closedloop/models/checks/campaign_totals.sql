-- campaign_totals: in every model the events' published sums are those of their credits: nothing fell between two events.
with given as (
    select model, sum(value) as value, sum(collected) as collected
    from attribution_credit
    group by model
),

apart as (
    select model, sum(value) as value
    from attribution_no_deal
    group by model
),

deal as (
    select
        model,
        sum(case when state = 'won' then amount else 0 end) as won,
        sum(case when state = 'open' then amount else 0 end) as open
    from opportunity_credit
    group by model
),

published as (
    select
        model,
        sum(attributed) as attributed,
        sum(attributed_collected) as attributed_collected,
        sum(attributed_no_deal) as attributed_no_deal,
        sum(credited_won) as credited_won,
        sum(credited_open) as credited_open
    from campaign_model
    group by model
)

select published.model as record, 'the events'' figures do not sum to what was split' as detail
from published
left join given on given.model = published.model
left join apart on apart.model = published.model
left join deal on deal.model = published.model
where
    published.attributed <> coalesce(given.value, 0)
    or published.attributed_collected <> coalesce(given.collected, 0)
    or published.attributed_no_deal <> coalesce(apart.value, 0)
    or published.credited_won <> coalesce(deal.won, 0)
    or published.credited_open <> coalesce(deal.open, 0)
