"""How long deals stay in a stage, and which open ones stay too long (the link "won")."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import percentile

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.world import Opportunity

#: Stays that a percentile needs.
ENOUGH = 20


class Pace:
    """The stays of all deals in all stages.

    Decided where the page is silent: a stay begins with the creation or a change of stage and ends with the next change;
    a deal that was lost as it stood has not moved on. Under twenty stays the printed default counts; without any history
    of stages nothing is stalled.

    Args:
        basis: The world.
        default: Days taken for a stage that too few deals have left.
    """

    def __init__(self, basis: Basis, default: int) -> None:
        self._basis = basis
        self._default = default

    def reason(self, deal: Opportunity) -> tuple[str, date] | None:
        """Return why an open deal no longer moves, and since when; nothing when all is well."""
        as_of = self._basis.world.as_of
        if self._basis.steps:
            steps = self._basis.steps.get(deal.key, [])
            moved = self._basis.facts.day(steps[-1].at if steps else deal.created_at)
            until = moved + timedelta(days=self._limit(deal.stage))
            if as_of > until:
                return "stalled_opportunity", until + timedelta(days=1)
        if deal.expected_close and deal.expected_close < as_of:
            return "close_date_past", deal.expected_close + timedelta(days=1)
        return None

    def _limit(self, stage: str) -> int:
        stays = self._stays.get(stage, [])
        return percentile(stays, 90) if len(stays) >= ENOUGH else self._default

    @cached_property
    def _stays(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for deal in self._basis.world.opportunities:
            steps = self._basis.steps.get(deal.key, [])
            since = self._basis.facts.day(deal.created_at)
            stage = (steps[0].old_stage if steps else None) or deal.stage
            for step in steps:
                day = self._basis.facts.day(step.at)
                found.setdefault(stage, []).append((day - since).days)
                since, stage = day, step.new_stage or stage
        return found
