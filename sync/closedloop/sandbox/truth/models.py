"""How a value is shared over the touches of a journey: milestones, a rest, or fading with age (measure 12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from closedloop.sandbox.truth.touches import Touch


@dataclass(slots=True, kw_only=True, frozen=True)
class Model:
    """Weights of the milestones and of the rest, or a half-life in days instead."""

    milestones: Mapping[str, int] = field(default_factory=dict)
    rest: int = 0
    half_life: int | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Journey:
    """The touches that led to a document or a deal, one an event, in the order (day, published key).

    ``lead_on`` is the day of the account's first lead or contact, ``deal_on`` that of the deal; none where there is none.
    """

    touches: tuple[Touch, ...]
    end: date
    lead_on: date | None = None
    deal_on: date | None = None

    def place(self, milestone: str) -> int | None:
        """Return which touch holds a milestone; none where the milestone is absent."""
        if milestone in {"first", "last", "close"}:
            return 0 if milestone == "first" else len(self.touches) - 1
        until = self.lead_on if milestone == "lead" else self.deal_on
        before = [place for place, touch in enumerate(self.touches) if until and touch.day <= until]
        return before[-1] if before else None


#: The full path gives 22.5 to each milestone: all its weights are doubled.
PRESETS: dict[str, Model] = {
    "first": Model(milestones={"first": 100}),
    "last": Model(milestones={"last": 100}),
    "linear": Model(rest=100),
    "u_adobe": Model(milestones={"first": 50, "lead": 50}),
    "u_hubspot": Model(milestones={"first": 40, "lead": 40}, rest=20),
    "u_salesforce": Model(milestones={"first": 40, "last": 40}, rest=20),
    "w": Model(milestones={"first": 30, "lead": 30, "opportunity": 30}, rest=10),
    "full": Model(milestones={"first": 45, "lead": 45, "opportunity": 45, "close": 45}, rest=20),
    "decay": Model(half_life=90),
}


def weights(model: Model, journey: Journey) -> list[int]:
    """Return the weight of every touch of a journey that has some.

    Decided where the page is silent: a milestone of weight 0 is not one of the model, so its touch is one of the others;
    where all weights are 0 (nothing but absent milestones, or touches too old for the table) all touches weigh the same.
    """
    touches = journey.touches
    if model.half_life is not None:
        found = [faded((journey.end - touch.day).days, model.half_life) for touch in touches]
    else:
        found = _milestones(model, journey)
    return found if any(found) else [1] * len(touches)


def _milestones(model: Model, journey: Journey) -> list[int]:
    held: dict[int, int] = {}
    for milestone, weight in model.milestones.items():
        place = journey.place(milestone)
        if weight and place is not None:
            held[place] = held.get(place, 0) + weight
    others = len(journey.touches) - len(held)
    return [
        held[place] * (others or 1) if place in held else model.rest for place in range(len(journey.touches))
    ]


@cache
def faded(age: int, half_life: int) -> int:
    """Return 10⁹ · 2^(-age/half-life) as a whole number, halves away from zero; days."""
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(10**9) * Decimal(2) ** (Decimal(-age) / Decimal(half_life))
        return int(exact.to_integral_value(ROUND_HALF_UP))


def share(value: int, given: Sequence[int], orders: Sequence[bytes]) -> list[int]:
    """Split by weight on the absolute value; the missing cents go one each to the largest remainders.

    Args:
        value: Minor units, of either sign.
        given: The weights; their sum is positive.
        orders: What a tie between remainders is broken by.
    """
    whole = sum(given)
    parts = [abs(value) * weight // whole for weight in given]
    left = abs(value) - sum(parts)
    by_remainder = sorted(
        range(len(given)), key=lambda place: (-(abs(value) * given[place] % whole), orders[place])
    )
    for place in by_remainder[:left]:
        parts[place] += 1
    return parts if value >= 0 else [-part for part in parts]
