-- credits_of_document: in every model the events' shares of an amount sum to it, in value and in collected, and no amount
-- with a journey is without shares, except a deal that no event touched.
with shared as (
    select item_key, part, model, sum(value) as value, sum(collected) as collected
    from part_credit
    group by item_key, part, model
)

select
    coalesce(
        document_name(figure.kind, figure.number, figure.document_key), item.item_key
    ) as record,
    'its shares do not sum to its value in ' || model.model as detail
from credit_item as item
cross join param.attribution_model as model
left join shared on shared.item_key = item.item_key and shared.part = item.part and shared.model = model.model
left join document_figure as figure on figure.document_key = item.item_key
where
    shared.value <> item.value
    or shared.collected <> item.collected
    or (shared.item_key is null and item.bucket in ('credited', 'no_deal'))
