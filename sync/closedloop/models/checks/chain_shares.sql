-- chain_shares: shares of the revenue lie between 0 and 1, and each evidence is part of the one before it. Where some
-- account or customer was credited more than it was invoiced, a part may be more than the whole: nothing is said then.
with negative as (
    select count(*) as customers
    from (
        select coalesce(account_key, customer_key) as whose
        from document_figure
        group by coalesce(account_key, customer_key)
        having sum(value) < 0
    ) as summed
)

select 'chain_share' as record, 'has a share that is not between 0 and 1, or a part larger than the whole' as detail
from chain_share
cross join negative
where
    negative.customers = 0
    and (
        linked_share not between 0 and 1
        or event_touched_share not between 0 and linked_share
        or whole_chain_share not between 0 and event_touched_share
    )
