"""What an event would bring when repeated, and which events the data cannot tell apart (measures 17 and 18)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.world import Event

#: Weight of the pool against the event, in accounts; paying accounts that a kind needs to be a pool of its own.
PRIOR, OWN_POOL = 10, 20
#: The age at which events are compared, in days; mid-quantiles of the leader; chance left to a false separation.
AGE, QUANTILES, DOUBT = 180, 2000, 0.025


@dataclass(slots=True, kw_only=True, frozen=True)
class Sample:
    """What one event shows at the age: (account → credited home minor units) of every account reached or credited."""

    event: str
    kind: str
    cost: int
    credited: dict[str, int]

    @property
    def accounts(self) -> int:
        """Accounts reached or credited."""
        return len(self.credited)

    @property
    def paying(self) -> list[int]:
        """The credited money of each account that has any above zero."""
        return sorted(value for value in self.credited.values() if value > 0)


@dataclass(slots=True, kw_only=True, frozen=True)
class Outlook:
    """An event's expected return on repeat. Ratios as floats; ``group`` is 0 where nothing can be expected."""

    event: str
    accounts: int
    paying: int
    pool_kind: str | None
    pool_credited: int
    pool_paying: int
    pool_accounts: int
    credited: int
    p0: float
    alpha: float
    beta: float
    cost: int
    expected_roi: float
    low: float
    high: float
    paying_median: int | None
    largest_share: float | None
    group: int = 0

    @property
    def scale(self) -> float:
        """Return on a unit of cost if every account paid the pool's mean."""
        return self.accounts * self.pool_credited / self.pool_paying / self.cost

    def share_below(self, roi: float) -> float:
        """Return the chance that a repeat of this event returns less than ``roi``."""
        from scipy.special import betainc

        if not self.scale:
            return float(roi > -1)
        at = (roi + 1) / self.scale
        below = float(betainc(self.alpha, self.beta, min(max(at, 0.0), 1.0))) if self.beta else float(at > 1)
        return below if self.scale > 0 else 1 - below

    def quantile(self, share: float) -> float:
        """Return the return at a share of the distribution; of money taken back on the whole, counted from the top."""
        from scipy.special import betaincinv

        level = float(betaincinv(self.alpha, self.beta, share)) if self.beta else 1.0
        return self.scale * level - 1


def samples(basis: Basis, age: int = AGE) -> list[Sample]:
    """Return the events old enough, with a cost.

    Decided where the page is silent: an account is credited when a credit to the event is dated on or before the age's
    day, whatever the sum; nobody reached or credited is a sample of no account.
    """
    found: list[Sample] = []
    for event in basis.world.events:
        cost = basis.cost(event)
        if cost and event.end + timedelta(days=age) < basis.world.as_of:
            found.append(_sample(basis, event, cost, age))
    return found


def _sample(basis: Basis, event: Event, cost: int, age: int) -> Sample:
    credited = dict.fromkeys(sorted(basis.reached(event.key)), 0)
    for credit in basis.credits:
        if (credit.event, credit.bucket) == (event.key, "credited") and credit.day <= event.end + timedelta(
            days=age
        ):
            credited[credit.account] = credited.get(credit.account, 0) + credit.value
    return Sample(event=event.key, kind=event.kind, cost=cost, credited=credited)


def outlooks(found: Sequence[Sample], order: dict[str, bytes] | None = None) -> list[Outlook]:
    """Return the outlook of every sample with its group, best first.

    Args:
        found: The events to compare.
        order: Event → what a tie is broken by; its key without it.

    Decided where the page is silent: credited money taken back counts in Σ credited; without a paying account in the
    pool there is nothing to expect and no outlook; E is the number of events with one.
    """
    made = [one for sample in found if (one := _outlook(sample, found))]
    ties = order or {one.event: one.event.encode() for one in made}
    return _grouped(sorted(made, key=lambda one: (-one.expected_roi, ties[one.event])))


def _outlook(sample: Sample, found: Sequence[Sample]) -> Outlook | None:
    alike = [one for one in found if one.kind == sample.kind]
    own = sum(len(one.paying) for one in alike) >= OWN_POOL
    pool = alike if own else found
    paying = sum(len(one.paying) for one in pool)
    if not paying:
        return None
    n, w = sample.accounts, len(sample.paying)
    p0 = paying / sum(one.accounts for one in pool)
    total = sum(sum(one.credited.values()) for one in pool)
    alpha, beta = PRIOR * p0 + w, PRIOR * (1 - p0) + n - w
    plain = Outlook(
        event=sample.event,
        accounts=n,
        paying=w,
        pool_kind=sample.kind if own else None,
        pool_credited=total,
        pool_paying=paying,
        pool_accounts=sum(one.accounts for one in pool),
        credited=sum(sample.credited.values()),
        p0=p0,
        alpha=alpha,
        beta=beta,
        cost=sample.cost,
        expected_roi=n * total * alpha / (paying * (alpha + beta) * sample.cost) - 1,
        low=0.0,
        high=0.0,
        paying_median=percentile(sample.paying, 50) if w else None,
        largest_share=sample.paying[-1] / sum(sample.paying) if w else None,
    )
    low, high = sorted((plain.quantile(0.025), plain.quantile(0.975)))
    return replace(plain, low=low, high=high)


def _grouped(ranked: list[Outlook]) -> list[Outlook]:
    """Measure 18: who the leader cannot be told apart from stands in the leader's group."""
    limit = 1 - DOUBT / max(len(ranked) - 1, 1)
    left, number = list(ranked), 0
    groups: dict[str, int] = {}
    while left:
        leader, number = left[0], number + 1
        alike = [leader, *(one for one in left[1:] if chance_above(leader, one) < limit)]
        groups.update(dict.fromkeys((one.event for one in alike), number))
        left = [one for one in left if one.event not in groups]
    return [replace(one, group=groups[one.event]) for one in ranked]


def chance_above(leader: Outlook, other: Outlook) -> float:
    """Return P(leader > other) by the mid-quantiles of the leader through the other's distribution."""
    points = (leader.quantile((place + 0.5) / QUANTILES) for place in range(QUANTILES))
    return sum(other.share_below(point) for point in points) / QUANTILES
