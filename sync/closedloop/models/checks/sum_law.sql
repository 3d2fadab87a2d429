-- sum_law: for every model, events + no deal + no touch + unlinked = all documents, to the smallest unit (definition 13).
with whole as (
    select sum(value) as value
    from document_figure
),

model as (
    select model
    from param.attribution_model
),

apart as (
    select sum(value) as value
    from totals
    where name in ('no_touch', 'unlinked', 'not_convertible')
),

credited as (
    select model, sum(value) as value
    from attribution_credit
    group by model
),

no_deal as (
    select model, sum(value) as value
    from attribution_no_deal
    group by model
)

select
    model.model as record,
    'the parts are off by '
    || cast(
        coalesce(credited.value, 0) + coalesce(no_deal.value, 0) + coalesce(apart.value, 0) - coalesce(whole.value, 0) as varchar
    ) as detail
from model
cross join whole
cross join apart
left join credited on credited.model = model.model
left join no_deal on no_deal.model = model.model
where
    coalesce(credited.value, 0) + coalesce(no_deal.value, 0) + coalesce(apart.value, 0) <> coalesce(whole.value, 0)
