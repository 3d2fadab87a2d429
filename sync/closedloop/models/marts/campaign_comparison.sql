-- campaign_comparison: did those who came buy more often than those who did not? A comparison, not proof (definition 19).
-- grain: one begun event against one kind of others: no_show, then non_attendee.
-- The Mantel-Haenszel difference of the share of accounts that bought within the follow-up days, over the strata with at
-- least five controls; the same figure of as many days before the event; the share of attendees' accounts in such
-- strata. `controls` are those of these strata. Each term of the sums is rounded at fifteen decimals, so that their order
-- changes nothing, and the difference at twelve before it is at six, so that a half is still a half. Until the follow-up
-- is over the difference is what can be seen so far: `is_complete` says.
with term as (
    select
        *,
        controls >= 5 as is_matched,
        mul_div(treated_after * controls - controls_after * treated, 1000000000000000, treated + controls) as gap_after,
        mul_div(treated_before * controls - controls_before * treated, 1000000000000000, treated + controls) as gap_before,
        mul_div(treated * controls, 1000000000000000, treated + controls) as weight
    from comparison_stratum
),

summed as (
    select
        campaign_key,
        against,
        count(*) as strata,
        count(*) filter (where is_matched) as strata_matched,
        cast(sum(treated) as bigint) as treated,
        cast(coalesce(sum(treated) filter (where is_matched), 0) as bigint) as matched,
        cast(sum(treated_open) as bigint) as treated_open,
        cast(coalesce(sum(controls) filter (where is_matched), 0) as bigint) as controls,
        cast(sum(gap_after) filter (where is_matched) as hugeint) as gap_after,
        cast(sum(gap_before) filter (where is_matched) as hugeint) as gap_before,
        cast(sum(weight) filter (where is_matched) as hugeint) as weight
    from term
    group by campaign_key, against
),

asked as (
    select
        campaign.key as campaign_key,
        campaign.start_date + run.follow_up_days <= run.as_of as is_complete,
        other.against
    from campaign
    inner join param.run as run on campaign.start_date <= run.as_of
    cross join (
        select 'no_show' as against
        union all
        select 'non_attendee' as against
    ) as other
)

select
    asked.campaign_key,
    asked.against,
    coalesce(summed.strata, 0) as strata,
    coalesce(summed.strata_matched, 0) as strata_matched,
    coalesce(summed.treated, 0) as treated,
    coalesce(summed.controls, 0) as controls,
    case
        when summed.weight > 0 then ratio(mul_div(summed.gap_after, 1000000000000, summed.weight), 1000000000000)
    end as risk_difference,
    case
        when summed.weight > 0 then ratio(mul_div(summed.gap_before, 1000000000000, summed.weight), 1000000000000)
    end as risk_difference_before,
    case when summed.treated > 0 then ratio(summed.matched, summed.treated) end as matched_share,
    asked.is_complete,
    case
        when 2 * summed.treated_open > summed.treated
            then 'Most attendees already had an open deal: they may have come because they were about to buy.'
    end as warning,
    'comparison, not proof' as label
from asked
left join summed on summed.campaign_key = asked.campaign_key and summed.against = asked.against
