-- cost_line: money spent on an event, as the ledger tagged it. Minor units.
-- grain: one posted cost line of one campaign. A line names its campaign by key, else by code, else by name;
-- a code or a name that two campaigns share tags neither, except that one with days goes before those without.
-- What names a record of the campaign in another system names the campaign.
with known as (
    select record.key, upper(record.code) as code, upper(record.name) as name, campaign.key as campaign_key, campaign.start_date
    from campaign_record as record
    inner join campaign on campaign.key = record.campaign_key
),

coded as (
    select distinct code, campaign_key, start_date
    from known
    where code is not null
),

named as (
    select distinct name, campaign_key, start_date
    from known
),

code as (
    select code, coalesce(min(campaign_key) filter (where start_date is not null), min(campaign_key)) as campaign_key
    from coded
    group by code
    having count(*) filter (where start_date is not null) = 1 or count(*) = 1
),

title as (
    select name, coalesce(min(campaign_key) filter (where start_date is not null), min(campaign_key)) as campaign_key
    from named
    group by name
    having count(*) filter (where start_date is not null) = 1 or count(*) = 1
)

select
    cost.key,
    cost.url,
    coalesce(tagged.campaign_key, code.campaign_key, title.campaign_key) as campaign_key,
    cost.date,
    cost.document_number,
    cost.description,
    coalesce(cost.currency, run.home_currency) as currency,
    coalesce(cost.home_currency, run.home_currency) as home_currency,
    to_minor(cost.net, coalesce(currency.scale, 100)) as net,
    to_minor(cost.home_net, coalesce(home.scale, 100)) as home_net
from staging.cost_line as cost
cross join param.run as run
left join param.currency as currency on currency.currency = coalesce(cost.currency, run.home_currency)
left join param.currency as home on home.currency = coalesce(cost.home_currency, run.home_currency)
left join known as tagged on tagged.key = cost.campaign_key
left join code on code.code = upper(trim(cost.campaign_code))
left join title on title.name = upper(trim(cost.campaign_name))
where
    cost.deleted_at is null
    and cost.status = 'posted'
    and coalesce(tagged.campaign_key, code.campaign_key, title.campaign_key) is not null
