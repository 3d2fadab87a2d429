"""The events that led to a document or a deal (measure 11)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.models import Journey

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

    def first_days(self, account: str) -> dict[str, date]:
        """Return the account's earliest credit touch at each of its events, earliest first."""
        days: dict[str, date] = {}
        for touch in self._touches.get(account, []):
            days[touch.event] = min(days.get(touch.event, touch.day), touch.day)
        return dict(sorted(days.items(), key=lambda pair: (pair[1], self._facts.order(pair[0]))))

    def of_document(self, account: str, document: Document, deal: Opportunity | None) -> Journey:
        """Return the touches between a deal's look-back and the document, one an event."""
        if deal is None:
            return self._between(account, document.day, document.day)
        closed = self._facts.closed(deal)
        end = min(document.day, closed) if closed else document.day
        return self._between(account, self._facts.day(deal.created_at), end, deal=True)

    def of_deal(self, deal: Opportunity) -> Journey:
        """Return the touches before a deal's close, or up to the world's last day while it is open."""
        account = self._facts.account(deal.account) or deal.account
        end = self._facts.closed(deal) or self._facts.world.as_of
        return self._between(account, self._facts.day(deal.created_at), end, deal=True)

    def _between(self, account: str, began: date, end: date, *, deal: bool = False) -> Journey:
        earliest: dict[str, Touch] = {}
        for touch in self._touches.get(account, []):
            if began - self._look_back <= touch.day <= end:
                held = earliest.setdefault(touch.event, touch)
                if touch.day < held.day:
                    earliest[touch.event] = touch
        return Journey(
            touches=tuple(
                sorted(earliest.values(), key=lambda touch: (touch.day, self._facts.order(touch.event)))
            ),
            end=end,
            lead_on=self._facts.first_person(account),
            deal_on=began if deal else None,
        )
