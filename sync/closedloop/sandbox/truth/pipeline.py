"""Opportunities that an event created or advanced, and their amounts along their history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.world import Opportunity, OpportunityChange


class Pipeline:
    """Opportunities that events created or advanced, and the amounts along their history."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._rank = {stage.key: stage.rank for stage in facts.world.stages}
        self._changes: dict[str, list[OpportunityChange]] = {}
        for change in sorted(facts.world.changes, key=lambda change: change.at):
            self._changes.setdefault(change.opportunity, []).append(change)
        self._of_account: dict[str | None, list[Opportunity]] = {}
        for deal in facts.world.opportunities:
            self._of_account.setdefault(facts.account(deal.account), []).append(deal)

    def created(self, account: str, first: date) -> list[Opportunity]:
        """Return the account's deals created from its touch on to the end of the follow-up."""
        last = first + timedelta(days=self._facts.terms.follow_up_days)
        return [
            deal
            for deal in self._of_account.get(account, [])
            if first <= self._facts.day(deal.created_at) <= last
        ]

    def advanced(self, account: str, first: date) -> list[Opportunity]:
        """Return the account's older deals, open at the touch, that rose or were won within the follow-up."""
        return [deal for deal in self._of_account.get(account, []) if self._rose(deal, first)]

    def _rose(self, deal: Opportunity, first: date) -> bool:
        last = first + timedelta(days=self._facts.terms.follow_up_days)
        closed = self._facts.closed(deal)
        if self._facts.day(deal.created_at) >= first or (closed and closed <= first):
            return False
        if deal.is_won and closed and closed <= last:
            return True
        rank = self._rank_on(deal, first)
        return any(
            self._rank[change.new_stage or ""] > rank
            for change in self._history(deal, "stage")
            if first < self._facts.day(change.at) <= last
        )

    def _history(self, deal: Opportunity, field: str) -> list[OpportunityChange]:
        return [change for change in self._changes.get(deal.key, []) if change.field == field]

    def _rank_on(self, deal: Opportunity, day: date) -> int:
        history = self._history(deal, "stage")
        stage = (history[0].old_stage if history else None) or deal.stage
        for change in history:
            if self._facts.day(change.at) <= day:
                stage = change.new_stage or stage
        return self._rank[stage]

    def first_amount(self, deal: Opportunity) -> int:
        """Return the first amount recorded that was not zero."""
        history = self._history(deal, "amount")
        amounts = (
            [history[0].old_amount or 0, *(change.new_amount or 0 for change in history)] if history else []
        )
        return next((amount for amount in amounts if amount), deal.amount)

    def amount_on(self, deal: Opportunity, day: date) -> int:
        """Return the amount as it stood at the end of a day."""
        history = self._history(deal, "amount")
        amount = deal.amount if not history else history[0].old_amount or 0
        for change in history:
            if self._facts.day(change.at) <= day:
                amount = change.new_amount or 0
        return amount
