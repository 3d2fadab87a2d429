"""What events cost as the ledger sees it: lines of vendors' bills tagged with an event's code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from closedloop.sandbox.world.draw import AS_OF, chance, days, pick, stream
from closedloop.sandbox.world.entities import CostLine

if TYPE_CHECKING:
    from random import Random

    from closedloop.sandbox.world.entities import DocumentStatus, Event

SERVICES = ("Stand space", "Catering", "Travel", "Printing", "Speakers", "Equipment hire")


def make_costs(seed: int, events: list[Event]) -> list[CostLine]:
    """Return tagged lines for most events without an entered cost and for some with one; bills may be shared."""
    rng = stream(seed, "costs")
    lines: list[CostLine] = []
    for place, event in enumerate(events):
        wanted = 25 if event.actual_cost is not None else 65
        if event.status == "done" and chance(rng, wanted):
            budget = event.budget or 400_000
            for _ in range(rng.randrange(1, 5)):
                amount = budget * rng.randrange(10, 40) // 10_000 * 100 // 3
                _bill(rng, lines, event, amount, pick(rng, [(88, "posted"), (7, "draft"), (5, "void")]))
            if place and chance(rng, 30):
                _share(lines, events[place - 1])
    unentered = [event for event in events if event.status == "done" and event.actual_cost is None]
    if unentered:
        # Even the smallest world has an event whose cost is in the ledger, next to a bill not yet posted.
        _bill(rng, lines, unentered[0], 61_500, "posted")
        _bill(rng, lines, unentered[0], 23_400, "draft")
    return lines


def _bill(rng: Random, lines: list[CostLine], event: Event, amount: int, status: DocumentStatus) -> None:
    number = len(lines) + 1
    lines.append(
        CostLine(
            key=f"cost-{number:05d}",
            bill=f"BILL/{event.start.year}/{number:05d}",
            event_code=event.code,
            day=min(event.end + days(rng.randrange(-20, 30)), AS_OF),
            description=rng.choice(SERVICES),
            currency="USD",
            net=amount,
            home_net=amount,
            status=status,
        )
    )


def _share(lines: list[CostLine], other: Event) -> None:
    """Let the last bill carry a line for another event too."""
    last = lines[-1]
    lines.append(
        replace(
            last,
            key=f"cost-{len(lines) + 1:05d}",
            event_code=other.code,
            net=last.net // 2,
            home_net=last.net // 2,
        )
    )
