-- crm_source: the systems that are a CRM: they bring accounts or deals. Others know people only.
-- grain: one system.
select distinct source
from (
    select source
    from staging.account
    union all
    select source
    from staging.opportunity
) as brought
where source is not null
