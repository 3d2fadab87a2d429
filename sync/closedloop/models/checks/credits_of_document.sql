-- credits_of_document: in every model the events' shares of an amount sum to it, in value and in collected, and no amount
-- with a journey is without shares, except a deal that no event touched.
with summed as (
    select item_key, part, model, sum(value) as value, sum(collected) as collected
    from shared_credit
    group by item_key, part, model
    union all
    select item_key, part, null as model, sum(value) as value, sum(collected) as collected
    from sole_credit
    group by item_key, part
),

split as (
    select item_key, part, count(model) as models, count(*) - count(model) as soles
    from summed
    group by item_key, part
),

offered as (
    select count(*) as models
    from param.attribution_model
),

wrong as (
    select item.item_key, coalesce(summed.model, 'every model') as model
    from summed
    inner join credit_item as item on item.item_key = summed.item_key and item.part = summed.part
    where summed.value <> item.value or summed.collected <> item.collected
    union all
    select item.item_key, 'every model' as model
    from credit_item as item
    inner join split on split.item_key = item.item_key and split.part = item.part
    where split.soles > 0 and split.models > 0
    union all
    select item.item_key, model.model
    from credit_item as item
    cross join offered
    left join split on split.item_key = item.item_key and split.part = item.part
    cross join param.attribution_model as model
    left join summed on summed.item_key = item.item_key and summed.part = item.part and summed.model = model.model
    where
        item.bucket in ('credited', 'no_deal')
        and coalesce(split.soles, 0) = 0
        and coalesce(split.models, 0) < offered.models
        and summed.item_key is null
)

select
    coalesce(
        document_name(figure.kind, figure.number, figure.document_key), wrong.item_key
    ) as record,
    'its shares do not sum to its value in ' || wrong.model as detail
from wrong
left join document_figure as figure on figure.document_key = wrong.item_key
