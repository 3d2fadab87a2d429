"""Whole-number arithmetic: rounding, splitting, percentiles, intervals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def rounded(numerator: int, denominator: int) -> int:
    """Return the quotient as a whole number, halves away from zero; the denominator is positive."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def ratio(numerator: int, denominator: int) -> Decimal:
    """Return the quotient with six decimals, halves away from zero."""
    return Decimal(rounded(numerator * 1_000_000, denominator)) / 1_000_000


def split(value: int, ways: int) -> list[int]:
    """Split equally on the absolute value; the missing cents go one each to the first (measure 12 with equal weights)."""
    each, left = divmod(abs(value), ways)
    sign = 1 if value >= 0 else -1
    return [sign * (each + (place < left)) for place in range(ways)]


def percentile(values: Sequence[int], percent: int) -> int:
    """Return the nearest-rank percentile of at least one value."""
    rank = -(-percent * len(values) // 100)
    return sorted(values)[max(rank, 1) - 1]


def clopper_pearson(won: int, decided: int) -> tuple[Decimal, Decimal]:
    """Return the exact two-sided 95 % interval of a share, with six decimals."""
    from scipy.special import betaincinv

    low = 0.0 if won == 0 else float(betaincinv(won, decided - won + 1, 0.025))
    high = 1.0 if won == decided else float(betaincinv(won + 1, decided - won, 0.975))
    return Decimal(f"{low:.6f}"), Decimal(f"{high:.6f}")
