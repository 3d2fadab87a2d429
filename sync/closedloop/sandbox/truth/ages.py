"""Events at the same age, and the editions of a series beside each other (at_age, Improvable)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import ratio

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
    figures: dict[str, Value]


def at_ages(basis: Basis) -> list[AtAge]:
    """Return every event at every age.

    Decided where the page is silent: what is cut by date is the day of a document, of a settlement, of a deal's
    creation, close and stage change; touches, links, weights and cost are as known now. An age is shown when its day is
    before the world's last day. A deal that was won or lost later is not yet decided at the age.
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
        figures=figures_on(basis, event, day) if is_shown else {},
    )


def figures_on(basis: Basis, event: Event, day: date) -> dict[str, Value]:
    """Return the measures of an event that can be cut by date, at the end of a day."""
    created, advanced = _pipeline(basis, event, day)
    won = sum(_is_decided(basis, deal, day) and deal.is_won for deal in created)
    lost = sum(_is_decided(basis, deal, day) and not deal.is_won for deal in created)
    figures: dict[str, Value] = {
        **_revenue(basis, event, day),
        "attributed": sum(
            credit.value for credit in basis.credits if credit.event == event.key and credit.day <= day
        ),
        "attributed_collected": basis.collected_credits(event.key, day),
        "opportunities_created": len(created),
        "opportunities_advanced": advanced if basis.world.changes else None,
        "won": won,
        "lost": lost,
        "win_rate": ratio(won, won + lost) if won + lost else None,
        "credited_won": sum(
            share for at, closed, share in basis.won_credits if at == event.key and closed <= day
        ),
    }
    return {**figures, **_returns(basis.cost(event), figures)}


def _revenue(basis: Basis, event: Event, day: date) -> dict[str, Value]:
    reached = basis.reached(event.key)
    worths = [worth for worth in basis.ledger_on(day).worths.values() if worth.account in reached]
    first = basis.ledger_on(day).first_positive
    return {
        "attendee_ltv": sum(worth.value or 0 for worth in worths),
        "ltv_after_event": sum(worth.value or 0 for worth in worths if worth.document.day >= event.start),
        "new_customers": sum(account in first and first[account] >= event.start for account in reached),
    }


def _pipeline(basis: Basis, event: Event, day: date) -> tuple[list[Opportunity], int]:
    created: list[Opportunity] = []
    advanced = 0
    for account, touched in basis.first_days(event.key).items():
        last = min(touched + timedelta(days=basis.facts.terms.follow_up_days), day)
        for deal in basis.of_account.get(account, []):
            if touched <= basis.facts.day(deal.created_at) <= last:
                created.append(deal)
            else:
                advanced += has_risen(basis, deal, touched, last)
    return created, advanced


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
    def roi(name: str) -> Value:
        gain = figures[name]
        return ratio(gain - cost, cost) if cost and isinstance(gain, int) else None

    return {
        "cost": cost,
        "roi_realised": roi("attributed"),
        "roi_collected": roi("attributed_collected"),
        "roi_closed_won": roi("credited_won"),
    }
