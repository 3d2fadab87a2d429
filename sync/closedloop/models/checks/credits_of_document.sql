-- credits_of_document: in every model the events' shares of an amount sum to it, in value and in collected, and no amount
-- with a journey is without shares, except a deal that no event touched.
with shared as (
    select item_key, part, model, sum(value) as value, sum(collected) as collected
    from part_credit
    group by item_key, part, model
),

split as (
    select item_key, part, count(*) as models
    from shared
    group by item_key, part
),

offered as (
    select count(*) as models
    from param.attribution_model
),

wrong as (
    select item.item_key, shared.model
    from shared
    inner join credit_item as item on item.item_key = shared.item_key and item.part = shared.part
    where shared.value <> item.value or shared.collected <> item.collected
    union all
    select item.item_key, model.model
    from credit_item as item
    cross join offered
    left join split on split.item_key = item.item_key and split.part = item.part
    cross join param.attribution_model as model
    left join shared on shared.item_key = item.item_key and shared.part = item.part and shared.model = model.model
    where
        item.bucket in ('credited', 'no_deal')
        and coalesce(split.models, 0) < offered.models
        and shared.item_key is null
)

select
    coalesce(
        document_name(figure.kind, figure.number, figure.document_key), wrong.item_key
    ) as record,
    'its shares do not sum to its value in ' || wrong.model as detail
from wrong
left join document_figure as figure on figure.document_key = wrong.item_key
