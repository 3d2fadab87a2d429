-- campaign: events and other campaigns that are not deleted or merged away, nor one event with a campaign that is kept.
-- grain: one campaign. What it lacks it has from the records that it stands for, the first one that has it: the days of
-- one record, the money of records in its own currency; a campaign without any money takes the currency too.
with priced as (
    select campaign_key, currency
    from campaign_record
    where budget > 0 or actual_cost > 0
    qualify row_number() over (partition by campaign_key order by place) = 1
),

dated as (
    select campaign_key, start_date, end_date
    from campaign_record
    where start_date is not null
    qualify row_number() over (partition by campaign_key order by place) = 1
),

filled as (
    select
        record.campaign_key,
        arg_min(record.code, record.place) filter (where record.code is not null) as code,
        arg_min(record.kind, record.place) filter (where record.kind is not null) as kind,
        arg_min(record.series, record.place) filter (where record.series is not null) as series,
        arg_min(record.edition, record.place) filter (where record.edition is not null) as edition,
        arg_min(record.expected_attendees, record.place) filter (where record.expected_attendees > 0) as expected_attendees,
        arg_min(record.budget, record.place) filter (where record.budget > 0 and record.currency = priced.currency) as budget,
        arg_min(record.actual_cost, record.place) filter (where record.actual_cost > 0 and record.currency = priced.currency)
            as actual_cost
    from campaign_record as record
    left join priced on priced.campaign_key = record.campaign_key
    group by record.campaign_key
)

select
    record.key,
    record.source,
    record.object,
    record.source_id,
    record.url,
    record.name,
    filled.code,
    filled.kind,
    filled.series,
    filled.edition,
    dated.start_date,
    dated.end_date,
    record.status,
    coalesce(priced.currency, record.currency) as currency,
    coalesce(filled.budget, record.budget) as budget,
    coalesce(filled.actual_cost, record.actual_cost) as actual_cost,
    coalesce(filled.expected_attendees, record.expected_attendees) as expected_attendees,
    record.owner_key
from campaign_record as record
inner join filled on filled.campaign_key = record.key
left join priced on priced.campaign_key = record.key
left join dated on dated.campaign_key = record.key
where record.key = record.campaign_key
