"""The events that led to a document or a deal (measure 11)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.touches import Touch
    from closedloop.sandbox.world import Document, Opportunity


class Journeys:
    """The credit touches of every account."""

    def __init__(self, facts: Facts, touches: list[Touch]) -> None:
        self._facts = facts
        self._look_back = timedelta(days=facts.terms.look_back_days)
        self._touches: dict[str, list[Touch]] = {}
        for touch in touches:
            if touch.account and touch.status in facts.terms.credit_statuses:
                self._touches.setdefault(touch.account, []).append(touch)

    def first_day(self, account: str, event: str) -> date | None:
        """Return the account's earliest credit touch at an event."""
        return min(
            (touch.day for touch in self._touches.get(account, []) if touch.event == event), default=None
        )

    def of_document(self, account: str, document: Document, deal: Opportunity | None) -> list[Touch]:
        """Return the touches between a deal's look-back and the document, one an event."""
        end = document.day
        begin = self._facts.day(deal.created_at) if deal else document.day
        if deal and (closed := self._facts.closed(deal)):
            end = min(end, closed)
        return self._between(account, begin - self._look_back, end)

    def of_deal(self, deal: Opportunity) -> list[Touch]:
        """Return the touches before a deal's close, or up to the world's last day while it is open."""
        account = self._facts.account(deal.account) or deal.account
        begin = self._facts.day(deal.created_at) - self._look_back
        return self._between(account, begin, self._facts.closed(deal) or self._facts.world.as_of)

    def _between(self, account: str, begin: date, end: date) -> list[Touch]:
        earliest: dict[str, Touch] = {}
        for touch in self._touches.get(account, []):
            if begin <= touch.day <= end:
                held = earliest.setdefault(touch.event, touch)
                if touch.day < held.day:
                    earliest[touch.event] = touch
        return sorted(earliest.values(), key=lambda touch: self._facts.order(touch.event))
