-- customer: who the ledger sells to.
-- grain: one customer, merged ones left out.
select
    customer.key,
    customer.source,
    customer.object,
    customer.source_id,
    customer.url,
    coalesce(blank_to_null(customer.name), customer.source_id) as name,
    normal_email(customer.email) as email,
    customer.website,
    customer.phone,
    upper(blank_to_null(customer.country)) as country,
    customer.tax_id,
    customer.parent_key,
    customer.currency,
    blank_to_null(customer.external_id) as external_id,
    cast((customer.created_at at time zone run.time_zone) as date) as created_date
from staging.customer as customer
cross join param.run as run
left join survivor on survivor.entity = 'customer' and survivor.key = customer.key
where customer.deleted_at is null and survivor.key is null
