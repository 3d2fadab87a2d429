-- credits_of_document: in every model the events' shares of an amount sum to it, in value and in collected, and no amount
-- with a journey is without shares, except a deal that no event touched.
with summed as (
    select item_no, model_no, sum(value) as value, sum(collected) as collected
    from shared_credit
    group by item_no, model_no
    union all
    select item_no, null as model_no, sum(value) as value, sum(collected) as collected
    from sole_credit
    group by item_no
),

split as (
    select item_no, count(model_no) as models, count(*) - count(model_no) as soles
    from summed
    group by item_no
),

offered as (
    select count(*) as models
    from param.attribution_model
),

wrong as (
    select item.item_key, coalesce(model.model, 'every model') as model
    from summed
    inner join credit_item as item on item.item_no = summed.item_no
    left join param.attribution_model as model on model.model_no = summed.model_no
    where summed.value <> item.value or summed.collected <> item.collected
    union all
    select item.item_key, 'every model' as model
    from credit_item as item
    inner join split on split.item_no = item.item_no
    where split.soles > 0 and split.models > 0
    union all
    select item.item_key, model.model
    from credit_item as item
    cross join offered
    left join split on split.item_no = item.item_no
    cross join param.attribution_model as model
    left join summed on summed.item_no = item.item_no and summed.model_no = model.model_no
    where
        item.bucket in ('credited', 'no_deal')
        and coalesce(split.soles, 0) = 0
        and coalesce(split.models, 0) < offered.models
        and summed.item_no is null
)

select
    coalesce(
        document_name(figure.kind, figure.number, figure.document_key), wrong.item_key
    ) as record,
    'its shares do not sum to its value in ' || wrong.model as detail
from wrong
left join document_figure as figure on figure.document_key = wrong.item_key
