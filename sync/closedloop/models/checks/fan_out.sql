-- fan_out: no join multiplied or lost a document: as many rows at the end as documents counted at the start.
with counted as (
    select count(*) as documents
    from document
    cross join param.run as run
    where document.status = 'posted' and document.date <= run.as_of
),

valued as (
    select count(*) as documents, count(distinct document_key) as keys
    from document_value
),

measured as (
    select count(*) as campaigns, count(distinct campaign_key) as keys
    from campaign_measures
),

known as (
    select count(*) as campaigns
    from campaign
),

rolled as (
    select count(*) as accounts, count(distinct account_key) as keys
    from account_measures
),

listed as (
    select count(*) as accounts
    from account
)

select 'document_value' as record, 'has not one row for each document' as detail
from counted
cross join valued
where counted.documents <> valued.documents or valued.documents <> valued.keys
union all
select 'campaign_measures' as record, 'has not one row for each campaign' as detail
from known
cross join measured
where known.campaigns <> measured.campaigns or measured.campaigns <> measured.keys
union all
select 'account_measures' as record, 'has not one row for each account' as detail
from listed
cross join rolled
where listed.accounts <> rolled.accounts or rolled.accounts <> rolled.keys
