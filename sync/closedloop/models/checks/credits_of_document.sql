-- credits_of_document: the events' shares of a part sum to the part, in value and in collected.
with shared as (
    select item_key, part, model, sum(value) as value, sum(collected) as collected
    from part_credit
    where bucket in ('credited', 'no_deal')
    group by item_key, part, model
)

select
    document_name(figure.kind, figure.number, part.document_key) as record,
    'its shares do not sum to its value in ' || shared.model as detail
from document_part as part
left join document_figure as figure on figure.document_key = part.document_key
inner join shared on shared.item_key = part.document_key and shared.part = part.part
where shared.value <> part.value or shared.collected <> part.collected
