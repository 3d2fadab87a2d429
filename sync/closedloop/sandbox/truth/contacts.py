"""Figures per person (measure 15)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.models import share

if TYPE_CHECKING:
    from closedloop.sandbox.truth.credits import Credits
    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.truth.touches import Touch


def contact_figures(facts: Facts, touches: list[Touch], credits_: Credits) -> dict[str, dict[str, Value]]:
    """Return the measures of every person of the CRM who has a touch, by the record that is kept.

    Decided where the page is silent: what an account has at an event is split as a whole, after its credit notes; whoever
    has a credit touch there takes part, also somebody who is no record of the CRM, whose share is then shown nowhere.
    """
    sharers: dict[tuple[str, str], dict[str, Touch]] = {}
    for touch in touches:
        if touch.account and touch.status in facts.terms.credit_statuses:
            sharers.setdefault((touch.event, touch.account), {})[touch.identity] = touch
    figures: dict[str, dict[str, Value]] = {}
    for touch in touches:
        if touch.person:
            row = figures.setdefault(
                touch.person, {"events_attended": 0, "attributed": 0, "attributed_collected": 0}
            )
            row["events_attended"] = _plus(row["events_attended"], touch.status == "attended")
    for (event, account), people in sharers.items():
        ordered = sorted(people.values(), key=lambda touch: _order(facts, touch))
        for name, given in (
            ("attributed", credits_.accounts),
            ("attributed_collected", credits_.accounts_collected),
        ):
            whole = given.get(event, Counter())[account]
            shares = share(whole, [1] * len(ordered), [_order(facts, touch) for touch in ordered])
            for touch, amount in zip(ordered, shares, strict=True):
                if touch.person:
                    row = figures[touch.person]
                    row[name] = _plus(row[name], amount)
    return figures


def _plus(held: Value, more: int) -> int:
    return (held if isinstance(held, int) else 0) + more


def _order(facts: Facts, touch: Touch) -> bytes:
    """What a tie is broken by: the published key of a person, else how a raw identity is published."""
    if touch.person:
        return facts.order(touch.person)
    kind, _, rest = touch.identity.partition(" ")
    return b"touch:" + facts.order(rest) if kind == "nobody" else f"{kind}:{rest}".encode()
