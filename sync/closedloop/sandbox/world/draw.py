"""Drawing at random so that every machine draws the same: own streams by name, integers, and company-zone times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

#: The company's time zone, and the last day that the world knows.
ZONE = "America/Chicago"
AS_OF = date(2026, 10, 31)
#: Three years of events end with the world.
BEGIN = date(2023, 11, 1)

_ZONE = ZoneInfo(ZONE)

T = TypeVar("T")


def stream(seed: int, name: str) -> Random:
    """Return the random stream ``name`` of a world: more draws in one part leave the other parts as they are."""
    return Random(f"{seed}/{name}")  # noqa: S311 - a world must be repeatable


def chance(rng: Random, percent: int) -> bool:
    """Return true in ``percent`` of a hundred draws."""
    return rng.randrange(100) < percent


def pick(rng: Random, weighted: Sequence[tuple[int, T]]) -> T:
    """Return one value of ``(weight, value)`` pairs."""
    drawn = rng.randrange(sum(weight for weight, _ in weighted))
    for weight, value in weighted:
        drawn -= weight
        if drawn < 0:
            return value
    raise AssertionError


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return the UTC time of a wall time in the company's zone."""
    return datetime.combine(day, time(hour, minute), _ZONE).astimezone(UTC)


def moment(rng: Random, day: date) -> datetime:
    """Return a time on ``day`` of the company's zone; one in eight so late that UTC already has the next day."""
    hour = rng.randrange(20, 24) if rng.randrange(8) == 0 else rng.randrange(8, 18)
    return at(day, hour, rng.randrange(60))


def days(number: int) -> timedelta:
    """Return a length of time in days."""
    return timedelta(days=number)


def home_amount(amount: int, rate: Decimal, foreign_digits: int, home_digits: int = 2) -> int:
    """Convert to home minor units at foreign units per home unit, half away from zero."""
    up, down = rate.as_integer_ratio()
    numerator = abs(amount) * int(10**home_digits) * down
    denominator = int(10**foreign_digits) * up
    rounded = (2 * numerator + denominator) // (2 * denominator)
    return rounded if amount >= 0 else -rounded


def is_doubtful(amount: int, rate: Decimal, foreign_digits: int, home_digits: int = 2) -> bool:
    """Say whether a conversion falls so near to half a minor unit that a float might round it the other way."""
    up, down = rate.as_integer_ratio()
    numerator = abs(amount) * int(10**home_digits) * down
    denominator = int(10**foreign_digits) * up
    return abs(2 * (numerator % denominator) - denominator) * 1000 < denominator
