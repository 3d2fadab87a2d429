-- opportunity: deals. Amount in minor units of its own currency; days in the company's zone.
-- grain: one opportunity that is not merged into another one. Without an account of its own it belongs to its person's.
-- Days come first, while the zone is one value for all rows: after a join it would be looked up for each row.
with dated as (
    select
        opportunity.*,
        cast((opportunity.created_at at time zone run.time_zone) as date) as created_date,
        cast((opportunity.closed_at at time zone run.time_zone) as date) as closed_date
    from staging.opportunity as opportunity
    cross join param.run as run
)

select
    opportunity.key,
    opportunity.source,
    opportunity.object,
    opportunity.source_id,
    opportunity.url,
    coalesce(blank_to_null(opportunity.name), opportunity.source_id) as name,
    coalesce(account.survivor_key, opportunity.account_key, person.account_key) as account_key,
    coalesce(moved.survivor_key, opportunity.person_key) as person_key,
    coalesce(event.survivor_key, opportunity.campaign_key) as campaign_key,
    blank_to_null(opportunity.number) as number,
    blank_to_null(opportunity.po) as po,
    coalesce(opportunity.currency, run.home_currency) as currency,
    to_minor(opportunity.amount, coalesce(currency.scale, 100)) as amount,
    coalesce(opportunity.probability, 0) as probability,
    opportunity.lead_source,
    opportunity.stage_key,
    coalesce(opportunity.is_closed, false) or coalesce(opportunity.is_won, false) as is_closed,
    coalesce(opportunity.is_won, false) as is_won,
    opportunity.created_date,
    opportunity.expected_close,
    case
        when coalesce(opportunity.is_closed, false) or coalesce(opportunity.is_won, false)
            then opportunity.closed_date
    end as closed_date,
    opportunity.owner_key
from dated as opportunity
cross join param.run as run
left join param.currency as currency on currency.currency = coalesce(opportunity.currency, run.home_currency)
left join survivor as account on account.entity = 'account' and account.key = opportunity.account_key
left join survivor as moved on moved.entity = 'person' and moved.key = opportunity.person_key
left join survivor as event on event.entity = 'campaign' and event.key = opportunity.campaign_key
left join survivor as merged on merged.entity = 'opportunity' and merged.key = opportunity.key
left join person on person.key = coalesce(moved.survivor_key, opportunity.person_key)
where opportunity.deleted_at is null and merged.key is null
