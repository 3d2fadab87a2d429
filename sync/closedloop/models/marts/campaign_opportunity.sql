-- campaign_opportunity: opportunities that an event opened or moved on.
-- grain: one opportunity at one campaign. `touch_date` is the account's earliest credit touch there, t.
-- created: t ≤ created ≤ t + follow-up. advanced: created < t, open at t, and a higher stage or won in (t, t + follow-up].
-- by_account: the account's touch says so. by_role: a person from the event with a role on it, measured from that person's t.
-- Which stage it had on t is read from the first change after t; without stage history only won counts.
with account_first as (
    select account_key, campaign_key, min(touch_date) as touch_date
    from account_touch
    group by account_key, campaign_key
),

person_first as (
    select person_key, campaign_key, min(touch_date) as touch_date
    from touch_resolved
    where is_credit and person_key is not null and touch_date is not null
    group by person_key, campaign_key
),

by_account as (
    select
        account_first.campaign_key,
        account_first.touch_date,
        opportunity.*,
        opportunity.created_date >= account_first.touch_date as is_created
    from opportunity_money as opportunity
    inner join account_first on account_first.account_key = opportunity.account_key
    cross join param.run as run
    where
        opportunity.created_date <= account_first.touch_date + run.follow_up_days
        and (
            opportunity.created_date >= account_first.touch_date
            or not opportunity.is_closed
            or opportunity.closed_date > account_first.touch_date
        )
),

history as (
    select
        by_account.campaign_key,
        by_account.opportunity_key,
        arg_max(change.new_amount, (change.changed_at, change.key)) filter (
            where change.field = 'amount' and change.changed_date <= by_account.touch_date
        ) as amount_before,
        arg_min(change.old_amount, (change.changed_at, change.key)) filter (
            where change.field = 'amount' and change.changed_date > by_account.touch_date
        ) as amount_until,
        arg_min(old_stage.rank, (change.changed_at, change.key)) filter (
            where change.field = 'stage' and change.changed_date > by_account.touch_date
        ) as stage_rank,
        max(new_stage.rank) filter (
            where
            change.field = 'stage'
            and change.changed_date > by_account.touch_date
            and change.changed_date <= by_account.touch_date + run.follow_up_days
        ) as best_rank
    from by_account
    inner join opportunity_change as change on change.opportunity_key = by_account.opportunity_key
    cross join param.run as run
    left join stage as old_stage on old_stage.key = change.old_stage_key
    left join stage as new_stage on new_stage.key = change.new_stage_key
    where not by_account.is_created
    group by by_account.campaign_key, by_account.opportunity_key
),

account_side as (
    select
        by_account.campaign_key,
        by_account.opportunity_key,
        by_account.touch_date,
        case when by_account.is_created then 'created' else 'advanced' end as role,
        mul_div(
            coalesce(history.amount_before, history.amount_until, by_account.own_amount),
            by_account.numerator,
            by_account.denominator
        ) as amount_at_event
    from by_account
    cross join param.run as run
    left join history
        on history.campaign_key = by_account.campaign_key and history.opportunity_key = by_account.opportunity_key
    where
        by_account.is_created
        or history.best_rank > history.stage_rank
        or (
            by_account.is_won
            and by_account.closed_date > by_account.touch_date
            and by_account.closed_date <= by_account.touch_date + run.follow_up_days
        )
),

role_side as (
    select
        person_first.campaign_key,
        opportunity.opportunity_key,
        min(person_first.touch_date) as touch_date,
        bool_or(
            opportunity.created_date >= person_first.touch_date
            and opportunity.created_date <= person_first.touch_date + run.follow_up_days
        ) as is_created
    from person_first
    inner join opportunity_person as member on member.person_key = person_first.person_key
    inner join opportunity_money as opportunity on opportunity.opportunity_key = member.opportunity_key
    cross join param.run as run
    group by person_first.campaign_key, opportunity.opportunity_key
),

joined as (
    select
        coalesce(account_side.campaign_key, role_side.campaign_key) as campaign_key,
        coalesce(account_side.opportunity_key, role_side.opportunity_key) as opportunity_key,
        coalesce(account_side.touch_date, role_side.touch_date) as touch_date,
        coalesce(account_side.role, 'created') as role,
        account_side.amount_at_event,
        account_side.opportunity_key is not null as by_account,
        case
            when account_side.role = 'advanced' then role_side.opportunity_key is not null
            else coalesce(role_side.is_created, false)
        end as by_role
    from account_side
    full join role_side
        on role_side.campaign_key = account_side.campaign_key and role_side.opportunity_key = account_side.opportunity_key
    where account_side.opportunity_key is not null or role_side.is_created
)

select
    joined.campaign_key,
    joined.opportunity_key,
    opportunity.account_key,
    joined.role,
    joined.touch_date,
    joined.by_account,
    joined.by_role,
    case when joined.role = 'created' then opportunity.first_amount end as amount_created,
    case when joined.role = 'advanced' then joined.amount_at_event end as amount_at_event,
    opportunity.amount as amount_now,
    opportunity.probability,
    opportunity.is_won,
    opportunity.is_closed
from joined
inner join opportunity_money as opportunity on opportunity.opportunity_key = joined.opportunity_key
