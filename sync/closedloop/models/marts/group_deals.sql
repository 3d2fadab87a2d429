-- group_deals: opportunities and pipeline of the events. Overlapping.
-- grain: one group of events that opened or moved on a deal. The cohort are deals created a usual cycle ago or earlier.
select
    deal.group_kind,
    deal.group_key,
    count(*) filter (where deal.is_created) as created,
    count(*) filter (where deal.by_role) as created_role,
    count(*) filter (where deal.is_advanced) as advanced,
    cast(coalesce(sum(deal.amount_created) filter (where deal.is_created), 0) as bigint) as amount_created,
    cast(coalesce(sum(deal.amount_at_event) filter (where deal.is_advanced), 0) as bigint) as amount_at_event,
    cast(
        coalesce(
            sum(deal.amount_now) filter (where (deal.is_created or deal.is_advanced) and not deal.is_closed), 0
        ) as bigint
    ) as amount_open,
    cast(
        coalesce(
            sum(mul_div(deal.amount_now, cast(deal.probability * cast(1000000 as decimal(7, 0)) as bigint), 1000000))
            filter (where (deal.is_created or deal.is_advanced) and not deal.is_closed),
            0
        ) as bigint
    ) as amount_weighted,
    count(*) filter (where deal.is_created and deal.is_won) as won,
    count(*) filter (where deal.is_created and deal.is_closed and not deal.is_won) as lost,
    count(*) filter (where deal.is_created and not deal.is_closed) as open_count,
    cast(coalesce(sum(deal.amount_now) filter (where deal.is_created and deal.is_won), 0) as bigint) as won_amount,
    cast(
        coalesce(sum(deal.amount_now) filter (where deal.is_created and deal.is_closed and not deal.is_won), 0) as bigint
    ) as lost_amount,
    count(*) filter (where deal.is_created and run.as_of - deal.created_date >= cycle.touch_to_won_p80) as cohort,
    count(*) filter (
        where deal.is_created and deal.is_won and run.as_of - deal.created_date >= cycle.touch_to_won_p80
    ) as cohort_won
from group_opportunity as deal
cross join param.run as run
cross join company_cycle as cycle
group by deal.group_kind, deal.group_key
