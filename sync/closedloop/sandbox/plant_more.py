"""More faults to plant (see ``plant``): in the same age, the outlook, the comparison, the scorecard and the chain."""

from __future__ import annotations

from closedloop.sandbox.plant import Fault


def _fault(name: str, model: str, *edits: tuple[str, str]) -> Fault:
    return Fault(name=name, layer="marts", model=model, edits=edits)


MORE_FAULTS: tuple[Fault, ...] = (
    _fault(
        "age_from_the_first_day",
        "campaign_age",
        ("campaign.end_date + age.age_days as as_of", "campaign.start_date + age.age_days as as_of"),
    ),
    _fault(
        "young_event_shown",
        "campaign_age",
        ("when due.as_of >= run.as_of then 'too_young'", "when due.as_of >= run.as_of + 60 then 'too_young'"),
    ),
    _fault(
        "collected_on_the_day_of_the_document",
        "collected_part",
        ("case when figure.gross = 0 then part.date else settled_on.first_day end as day", "part.date as day"),
    ),
    _fault(
        "won_after_the_age_counted",
        "campaign_at_age",
        ("and deal.is_won and deal.closed_date <= age.as_of", "and deal.is_won"),
    ),
    _fault(
        "advanced_on_the_last_move", "opportunity_advance", ("min(moved.changed_date) as moved_on", "max(moved.changed_date) as moved_on")
    ),
    _fault("pool_of_too_few", "campaign_outlook", ("having sum(paying) >= 20", "having sum(paying) >= 1")),
    _fault("outlook_of_later_money", "outlook_account", ("and credit.date <= event.as_of", "")),
    _fault("stratum_of_one_control", "campaign_comparison", ("controls >= 5 as is_matched", "controls >= 1 as is_matched")),
    _fault(
        "countries_compared_with_each_other",
        "comparison_stratum",
        ("and counted.country = treated.country", ""),
    ),
    _fault(
        "no_show_compared_as_attendee",
        "comparison_stratum",
        ("count(*) filter (where touch.status = 'attended') > 0 as attended", "count(*) > 0 as attended"),
    ),
    _fault(
        "won_deal_without_invoice_done",
        "step_count",
        (
            "where deal.is_won and deal.closed_date <= horizon.through and deal.invoiced_on <= horizon.through",
            "where deal.is_won and deal.closed_date <= horizon.through",
        ),
    ),
    _fault(
        "editions_at_the_youngest_age",
        "series_edition",
        ("arg_max(age_name, age_days)", "arg_min(age_name, age_days)"),
    ),
    _fault(
        "followed_up_too_late",
        "attendee_work",
        ("and work.at_date <= attendee.touch_date + run.first_touch_within_days", ""),
    ),
    _fault("queue_taken_for_an_owner", "chain_attendee", ("when owner.kind = 'queue' then 'in_queue'", "")),
    _fault(
        "part_invoice_never_waits", "won_deal", ("as_of - last_date >= 400 then", "as_of - last_date >= 0 then")
    ),
    _fault("repeat_due_by_the_largest_gap", "account_cycle", ("place = (gaps + 1) // 2", "place = gaps")),
    _fault("stakes_added_up", "account_stake", ("greatest(open_amount, not_invoiced, overdue) as", "open_amount + not_invoiced + overdue as")),
    _fault(
        "young_deals_due_for_a_decision",
        "step_count",
        ("deal.created_date <= horizon.as_of - cast(cycle.touch_to_won_p80 as integer)", "true"),
    ),
    _fault(
        "duplicate_in_the_crm_unseen",
        "chain_attendee",
        (" or twin.person_key is not null then", " then"),
    ),
    _fault(
        "everybody_on_the_deal", "attendee_deal", ("member.person_key is not null as has_role", "true as has_role")
    ),
    _fault(
        "nothing_ever_stalls",
        "deal_pace",
        ("when as_of > moved_date + p90_days then 'stalled_opportunity'", "when false then 'stalled_opportunity'"),
    ),
    _fault(
        "untouched_never_the_first_break",
        "chain_attendee",
        ("when worked not in ('ok', 'pending', 'not_applicable') then 5", ""),
    ),
    _fault(
        "money_at_stake_for_every_attendee",
        "chain_total",
        ("stake_part, max(at_stake) as at_stake", "stake_part, sum(at_stake) as at_stake"),
    ),
    _fault(
        "linked_taken_for_touched",
        "chain_share",
        ("filter (where touched.account_key is not null) as event_touched", "filter (where figure.account_key is not null) as event_touched"),
    ),
)  # fmt: skip
