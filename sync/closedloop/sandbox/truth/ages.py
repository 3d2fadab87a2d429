"""Events at the same age, and the editions of a series beside each other (at_age, Improvable)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import clopper_pearson, ratio, rounded

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.world import Event, Opportunity

#: The ages in print, in days after the last day; ``cycle`` is the company's own 80th percentile from touch to won.
AGES = (30, 90, 180, 365)


@dataclass(slots=True, kw_only=True, frozen=True)
class AtAge:
    """The measures of an event at one age; without them when the age is not shown."""

    event: str
    name: str
    days: int
    as_of: date
    is_shown: bool
    immature: bool
    figures: dict[str, Value]


def at_ages(basis: Basis) -> list[AtAge]:
    """Return every event at every age.

    Decided where the page is silent: what is cut by date is the day of a document, of a settlement, of a deal's
    creation, close and stage change; touches, links, weights and cost are as known now. An age is shown when its day is
    before the world's last day. A deal that was won or lost later is not yet decided at the age; amounts are those known now.
    """
    names = [*((str(days), days) for days in AGES), ("cycle", basis.cycle)]
    return [_at_age(basis, event, name, days) for event in basis.world.events for name, days in names]


def _at_age(basis: Basis, event: Event, name: str, days: int) -> AtAge:
    day = event.end + timedelta(days=days)
    is_shown = day < basis.world.as_of
    return AtAge(
        event=event.key,
        name=name,
        days=days,
        as_of=day,
        is_shown=is_shown,
        immature=days < basis.cycle,
        figures=figures_on(basis, event, day) if is_shown else {},
    )


def figures_on(basis: Basis, event: Event, day: date) -> dict[str, Value]:
    """Return the measures of an event that can be cut by date, at the end of a day."""
    given = [credit for credit in basis.credits if credit.event == event.key and credit.day <= day]
    figures: dict[str, Value] = {
        **_revenue(basis, event, day),
        "attributed": sum(credit.value for credit in given if credit.bucket == "credited"),
        "attributed_no_deal": sum(credit.value for credit in given if credit.bucket == "no_deal"),
        "attributed_collected": basis.collected_credits(event.key, day),
        **_deals(basis, event, day),
        "credited_won": sum(
            share for at, closed, share in basis.won_credits if at == event.key and closed <= day
        ),
    }
    return {**figures, **_returns(basis.cost(event), figures)}


def _revenue(basis: Basis, event: Event, day: date) -> dict[str, Value]:
    reached = basis.reached(event.key)
    worths = [worth for worth in basis.ledger_on(day).worths.values() if worth.account in reached]
    after = [worth for worth in worths if worth.document.day >= event.start]
    first = basis.ledger_on(day).first_positive
    return {
        "attendee_ltv": sum(worth.value or 0 for worth in worths),
        "attendee_ltv_collected": sum(worth.collected for worth in worths),
        "ltv_after_event": sum(worth.value or 0 for worth in after),
        "ltv_after_event_collected": sum(worth.collected for worth in after),
        "new_customers": sum(account in first and first[account] >= event.start for account in reached),
    }


def _deals(basis: Basis, event: Event, day: date) -> dict[str, Value]:
    created: list[Opportunity] = []
    advanced: list[Opportunity] = []
    for account, touched in basis.first_days(event.key).items():
        last = min(touched + timedelta(days=basis.facts.terms.follow_up_days), day)
        for deal in basis.of_account.get(account, []):
            if touched <= basis.facts.day(deal.created_at) <= last:
                created.append(deal)
            elif has_risen(basis, deal, touched, last):
                advanced.append(deal)
    won = sum(_is_decided(basis, deal, day) and deal.is_won for deal in created)
    lost = sum(_is_decided(basis, deal, day) and not deal.is_won for deal in created)
    low, high = clopper_pearson(won, won + lost) if won + lost else (None, None)
    return {
        "opportunities_created": len(created),
        "opportunities_created_role": _with_role(basis, event, day),
        "opportunities_advanced": len(advanced) if basis.world.changes else None,
        "accounts_opened": len({basis.facts.account(deal.account) for deal in (*created, *advanced)}),
        "pipeline_created": sum(_first_amount(basis, deal) for deal in created),
        "won": won,
        "lost": lost,
        "open_count": len(created) - won - lost,
        "win_rate": ratio(won, won + lost) if won + lost else None,
        "win_rate_low": low,
        "win_rate_high": high,
    }


def _with_role(basis: Basis, event: Event, day: date) -> int:
    """Count the deals on which somebody who was there has a role, created from that person's own touch on."""
    days = {
        touch.person: touch.day
        for touch in basis.of_event.get(event.key, [])
        if touch.person and basis.is_credit(touch)
    }
    count = 0
    for deal in basis.world.opportunities:
        person = basis.facts.person(deal.person)
        if person in days:
            last = min(days[person] + timedelta(days=basis.facts.terms.follow_up_days), day)
            count += days[person] <= basis.facts.day(deal.created_at) <= last
    return count


def _first_amount(basis: Basis, deal: Opportunity) -> int:
    """Return the first amount recorded that was not zero, as known now."""
    changes = sorted(
        (one for one in basis.world.changes if one.opportunity == deal.key and one.field == "amount"),
        key=lambda one: one.at,
    )
    amounts = [changes[0].old_amount or 0, *(one.new_amount or 0 for one in changes)] if changes else []
    return next((amount for amount in amounts if amount), deal.amount)


def _is_decided(basis: Basis, deal: Opportunity, day: date) -> bool:
    closed = basis.facts.closed(deal)
    return closed is not None and closed <= day


def has_risen(basis: Basis, deal: Opportunity, touched: date, last: date) -> bool:
    """Say whether a deal, created before the touch and open on it, was won or reached a higher stage until ``last``."""
    closed = basis.facts.closed(deal)
    if basis.facts.day(deal.created_at) >= touched or (closed and closed <= touched):
        return False
    if deal.is_won and closed and closed <= last:
        return True
    steps = basis.steps.get(deal.key, [])
    stage = (steps[0].old_stage if steps else None) or deal.stage
    for step in steps:
        if basis.facts.day(step.at) <= touched:
            stage = step.new_stage or stage
    return any(
        basis.rank[step.new_stage or ""] > basis.rank[stage]
        for step in steps
        if touched < basis.facts.day(step.at) <= last
    )


def _returns(cost: int | None, figures: dict[str, Value]) -> dict[str, Value]:
    def per(name: str) -> int | None:
        count = figures[name]
        return rounded(cost, count) if cost and isinstance(count, int) and count else None

    def roi(name: str) -> Value:
        gain = figures[name]
        return ratio(gain - cost, cost) if cost and isinstance(gain, int) else None

    return {
        "cost": cost,
        "cost_per_opportunity": per("opportunities_created"),
        "cost_per_new_customer": per("new_customers"),
        "roi_realised": roi("attributed"),
        "roi_collected": roi("attributed_collected"),
        "roi_closed_won": roi("credited_won"),
    }
