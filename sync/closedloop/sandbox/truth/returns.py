"""What events cost and what came back: returns and the days on which they paid for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import ratio, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.world import Event


def cost_of(facts: Facts, event: Event) -> tuple[int | None, str]:
    """Return an event's cost and where it is from: entered, else the posted lines tagged with it, else none."""
    if event.actual_cost:
        return event.actual_cost, "entered"
    tagged = [
        line.home_net
        for line in facts.world.cost_lines
        if line.event_code == event.code and line.status == "posted"
    ]
    return (sum(tagged), "ledger") if tagged else (None, "none")


def roi(gain: int, cost: int | None, *, is_over: bool) -> Value:
    """Return what came back beyond the cost, in parts of it; blank without a cost, and until the event is over."""
    return ratio(gain - cost, cost) if cost and is_over else None


def per(cost: int | None, count: int) -> int | None:
    """Return the cost of one, to the minor unit; blank when either is missing or zero."""
    return rounded(cost, count) if cost and count else None


def payback(days: Mapping[date, int], cost: int | None, suffix: str = "") -> dict[str, Value]:
    """Return when the running sum of what came back first reached the cost, fell below it, and reached it again.

    A day counts with all that came on it. Without a cost everything is blank.
    """
    reached: list[date] = []
    lost: list[date] = []
    running = 0
    for day in sorted(days) if cost else ():
        running += days[day]
        is_back = len(reached) > len(lost)
        if running >= (cost or 0) and not is_back:
            reached.append(day)
        elif running < (cost or 0) and is_back:
            lost.append(day)
    return {
        f"payback_date{suffix}": reached[0] if reached else None,
        f"payback_lost_date{suffix}": lost[0] if lost else None,
        f"payback_regained_date{suffix}": reached[1] if len(reached) > 1 else None,
        f"paid_back_now{suffix}": len(reached) > len(lost) if cost else None,
    }
