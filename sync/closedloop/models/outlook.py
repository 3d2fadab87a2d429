"""What an event would return if it were repeated: intervals and groups that SQL cannot compute (definitions 17, 18)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from closedloop.models.intervals import six

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from closedloop.models.draft import Draft

    Floats = NDArray[np.float64]

#: Accounts that the pool's share counts as, against the event's own.
PRIOR = 10
#: Mid-quantiles of the leader that P(leader > event) is averaged over.
QUANTILES = 2000
#: The chance of a false separation that is left, over all comparisons with one leader.
DOUBT = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One event at the outlook's age, money in home minor units.

    Args:
        key: The campaign's key.
        accounts: Reached or credited, n.
        paying: Those with credited money above zero, w.
        cost: Above zero.
        pool_accounts: Σn of the pool.
        pool_paying: Σw of the pool, above zero.
        pool_credited: Σ credited of the pool.
    """

    key: str
    accounts: int
    paying: int
    cost: int
    pool_accounts: int
    pool_paying: int
    pool_credited: int

    @property
    def share(self) -> Fraction:
        """The pool's share of paying accounts, p0."""
        return Fraction(self.pool_paying, self.pool_accounts)

    @property
    def shape(self) -> tuple[Fraction, Fraction]:
        """The two parameters of the Beta distribution of the event's share of paying accounts; the second may be 0."""
        return PRIOR * self.share + self.paying, PRIOR * (1 - self.share) + self.accounts - self.paying

    @property
    def scale(self) -> Fraction:
        """Money per unit of cost if every account paid: n · s ÷ cost."""
        return Fraction(self.accounts * self.pool_credited, self.pool_paying * self.cost)

    @property
    def expected_roi(self) -> Fraction:
        """The expected ROI of a repeat, exactly."""
        a, b = self.shape
        return self.scale * a / (a + b) - 1


def fill(draft: Draft) -> None:
    """Write the intervals and groups of every event that takes part into ``marts.campaign_outlook``."""
    rows = draft.query(
        "select campaign_key, accounts, paying, cost, pool_accounts, pool_paying, pool_credited"
        " from marts.campaign_outlook where blank_reason is null"
    )
    samples = [
        Sample(
            key=row[0],
            accounts=row[1],
            paying=row[2],
            cost=row[3],
            pool_accounts=row[4],
            pool_paying=row[5],
            pool_credited=row[6],
        )
        for row in rows
    ]
    samples.sort(key=lambda sample: (-sample.expected_roi, sample.key.encode()))
    if samples:
        _write(draft, samples, intervals(samples), groups(samples))


def intervals(samples: Sequence[Sample]) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of each repeat's ROI, in the samples' order.

    With a negative mean value the larger share gives the smaller return: the ends are sorted.
    """
    scale = _floats([sample.scale for sample in samples])
    a, b = _shapes(samples)
    ends = np.sort(np.stack([scale * _quantile(a, b, level) - 1 for level in (0.025, 0.975)]), axis=0)
    return ends[0], ends[1]


def groups(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """Return the number, from 1, of the group of each sample; they come ordered by expected ROI, best first.

    The leader of a group is the best that is in none yet. Its group takes every event that is in none yet and that it
    beats with a chance under 1 less 0.025 ÷ (E less 1). E is the number of all samples, in every round.
    """
    limit = DOUBT / max(len(samples) - 1, 1) * QUANTILES
    scale = _floats([sample.scale for sample in samples])
    a, b = _shapes(samples)
    found = np.zeros(len(samples), dtype=np.int64)
    number = 0
    while (left := np.flatnonzero(found == 0)).size:
        number += 1
        leader, others = left[0], left[1:]
        levels = (np.arange(QUANTILES) + 0.5) / QUANTILES
        worth = np.sort(scale[leader] * _quantile(a[leader], b[leader], levels))
        found[leader] = number
        found[others[_unclear(worth, scale[others], a[others], b[others], limit)]] = number
    return found


def _unclear(worth: Floats, scale: Floats, a: Floats, b: Floats, limit: float) -> NDArray[np.bool_]:
    """Return for each event whether Σ P(event ≥ leader's mid-quantile) exceeds ``limit``: then nobody knows the better.

    ``worth`` is sorted, so the terms of the sum never rise. Read at the 1st, 2nd, 4th … place they bound it from both
    sides, which settles nearly every event; only for the others is the whole sum taken.
    """
    places = 2 ** np.arange(int(np.log2(worth.size)) + 1) - 1
    tails = _not_below(worth[places, None], scale, a, b)
    lengths = np.diff(np.append(places, worth.size))[:, None]
    most = (tails * lengths).sum(axis=0)
    least = tails[0] + (tails[1:] * np.diff(places)[:, None]).sum(axis=0)
    unclear = least > limit
    for place in np.flatnonzero((most > limit) & ~unclear):
        unclear[place] = _not_below(worth, scale[place], a[place], b[place]).sum() > limit
    return np.asarray(unclear, dtype=np.bool_)


def _not_below(worth: Floats, scale: Any, a: Any, b: Any) -> Floats:
    """Return P(scale · X ≥ worth), X of the Beta distribution (a, b); b = 0 makes X one, scale 0 makes the product 0."""
    from scipy.special import betainc

    safe = np.where(scale == 0, 1.0, scale)
    level = np.clip(worth / safe, 0.0, 1.0)
    below = np.where(b > 0, betainc(a, np.where(b > 0, b, 1.0), level), worth / safe > 1)
    upward = np.where(scale > 0, 1 - below, below)
    return np.where(scale == 0, worth <= 0, upward).astype(np.float64)


def _quantile(a: Any, b: Any, level: Any) -> Floats:
    """Return the Beta quantile; a distribution without b is the number one.

    `scipy.special` has the quantile itself; `scipy.stats` takes a second to import.
    """
    from scipy.special import betaincinv

    return np.asarray(np.where(b > 0, betaincinv(a, np.where(b > 0, b, 1.0), level), 1.0), dtype=np.float64)


def _shapes(samples: Sequence[Sample]) -> tuple[Floats, Floats]:
    shapes = [sample.shape for sample in samples]
    return _floats([a for a, _ in shapes]), _floats([b for _, b in shapes])


def _floats(values: Sequence[Fraction]) -> Floats:
    return np.array([float(value) for value in values], dtype=np.float64)


def _write(
    draft: Draft, samples: Sequence[Sample], ends: tuple[Floats, Floats], numbers: NDArray[np.int64]
) -> None:
    cells = [
        [
            sample.key,
            *(str(_six(value)) for value in (sample.share, *sample.shape, sample.expected_roi)),
            str(six(float(low))),
            str(six(float(high))),
            str(number),
        ]
        for sample, low, high, number in zip(samples, *ends, numbers, strict=True)
    ]
    draft.query(
        "update marts.campaign_outlook as outlook set p0 = cell[2], alpha = cell[3], beta = cell[4],"
        " expected_roi = cell[5], roi_low = cell[6], roi_high = cell[7], group_number = cell[8]"
        """ from (select unnest(from_json(cast(? as json), '[["varchar"]]')) as cell) as filled"""
        " where outlook.campaign_key = filled.cell[1]",
        [json.dumps(cells)],
    )


def _six(value: Fraction) -> Decimal:
    """Return a ratio with six decimals, rounded half away from zero as all ratios are."""
    doubled = 2 * abs(value.numerator) * 10**6 + value.denominator
    whole = doubled // (2 * value.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-6)
