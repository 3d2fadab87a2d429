-- unlinked_customer: ledger customers without an account, with their money (definition 5).
-- grain: one customer that has documents and no account.
select
    customer.key as customer_key,
    customer.name,
    customer.url,
    cast(coalesce(sum(figure.value), 0) as bigint) as invoiced,
    cast(coalesce(sum(figure.collected), 0) as bigint) as collected,
    count(*) as documents,
    min(figure.date) as first_document_date,
    min(ambiguous.reason) as reason,
    min(ambiguous.candidate_keys) as candidate_keys
from document_figure as figure
inner join customer on customer.key = figure.customer_key
left join link_ambiguous as ambiguous
    on ambiguous.kind = 'customer_account' and ambiguous.left_key = customer.key
where figure.account_key is null
group by customer.key, customer.name, customer.url
