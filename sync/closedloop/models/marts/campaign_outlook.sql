-- campaign_outlook: what each event would return if it were repeated, with its interval, and which events the data
-- cannot tell apart (definitions 17 and 18). The sum is exact; the interval is about repeating the event. Never an ROI.
-- grain: one campaign; `blank_reason` says why one takes no part. Columns from `p0` to `roi_high`, and `group_number`, are
-- filled in by `closedloop.models.outlook`, because a Beta quantile is not SQL.
-- Chosen where the page is silent: money taken back counts in the pool's credited sum; a campaign without a kind has the
-- pool of all; the pool holds the event itself; the median of paying accounts is by nearest rank, and the largest's share
-- is of the money of paying accounts.
with ranked as (
    select
        *,
        row_number() over (partition by campaign_key, credited > 0 order by credited, account_key) as place,
        count(*) filter (where credited > 0) over (partition by campaign_key) as paying
    from outlook_account
),

sample as (
    select
        campaign_key,
        count(*) as accounts,
        count(*) filter (where credited > 0) as paying,
        sum(credited) as credited,
        max(credited) as largest,
        sum(credited) filter (where credited > 0) as paid,
        min(credited) filter (where credited > 0 and place = (paying + 1) // 2) as paying_median
    from ranked
    group by campaign_key
),

judged as (
    select
        campaign.key as campaign_key,
        campaign.kind,
        age.age_days,
        age.as_of,
        cost.cost,
        coalesce(sample.accounts, 0) as accounts,
        coalesce(sample.paying, 0) as paying,
        coalesce(sample.credited, 0) as credited,
        sample.largest,
        sample.paid,
        sample.paying_median,
        case
            when age.blank_reason is not null then age.blank_reason
            when cost.cost is null or cost.cost <= 0 then 'no_cost'
        end as blank_reason
    from campaign
    inner join campaign_age as age on age.campaign_key = campaign.key and age.age_name = 'outlook'
    left join campaign_cost as cost on cost.campaign_key = campaign.key
    left join sample on sample.campaign_key = campaign.key
),

alike as (
    select kind, sum(accounts) as accounts, sum(paying) as paying, sum(credited) as credited
    from judged
    where blank_reason is null and kind is not null
    group by kind
    having sum(paying) >= 20
),

whole as (
    select
        coalesce(sum(accounts), 0) as accounts,
        coalesce(sum(paying), 0) as paying,
        coalesce(sum(credited), 0) as credited
    from judged
    where blank_reason is null
),

pooled as (
    select
        judged.*,
        alike.kind as pool_kind,
        cast(coalesce(alike.accounts, whole.accounts) as bigint) as pool_accounts,
        cast(coalesce(alike.paying, whole.paying) as bigint) as pool_paying,
        cast(coalesce(alike.credited, whole.credited) as bigint) as pool_credited
    from judged
    cross join whole
    left join alike on alike.kind = judged.kind
),

blanked as (
    select *, coalesce(blank_reason, case when pool_paying = 0 then 'no_sale' end) as why_blank
    from pooled
)

select
    campaign_key,
    age_days,
    as_of,
    why_blank as blank_reason,
    case when blank_reason is null then accounts end as accounts,
    case when blank_reason is null then paying end as paying,
    case when blank_reason is null then cast(credited as bigint) end as credited,
    case when blank_reason is null then cost end as cost,
    case when why_blank is null then pool_kind end as pool_kind,
    case when why_blank is null then pool_accounts end as pool_accounts,
    case when why_blank is null then pool_paying end as pool_paying,
    case when why_blank is null then pool_credited end as pool_credited,
    cast(null as decimal(18, 6)) as p0,
    case when why_blank is null then mul_div(pool_credited, 1, pool_paying) end as mean_value,
    cast(null as decimal(18, 6)) as alpha,
    cast(null as decimal(18, 6)) as beta,
    cast(null as decimal(18, 6)) as expected_roi,
    cast(null as decimal(18, 6)) as roi_low,
    cast(null as decimal(18, 6)) as roi_high,
    cast(null as integer) as group_number,
    case when blank_reason is null then paying_median end as paying_median,
    case when blank_reason is null and paid > 0 then ratio(largest, paid) end as largest_share,
    case
        when why_blank is null then 'The sum is exact; the interval is about repeating the event.'
    end as label
from blanked
