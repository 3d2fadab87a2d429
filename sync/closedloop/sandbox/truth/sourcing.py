"""Which deals an event sourced or influenced (measure 14)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.journeys import Journeys
    from closedloop.sandbox.world import Opportunity

RULES = ("first_touch", "lead_source", "before_sales")


class Sourcing:
    """Deals by event, under each definition.

    Decided where the page is silent. ``first_touch``: the event of the account's first credit touch (ties by day, then
    published key) sources the account's first deal (ties likewise). ``lead_source``: of the deals that an event created,
    those whose field says that an event was the source. ``before_sales``: every deal of the account whose touch at the event
    lies on an earlier day than the first activity towards the account, its people or its deals, and than the deal's
    own creation, which is work of sales too. Influenced: the touch lies on an earlier day than the close; for
    an open deal, on the last day or earlier.
    """

    def __init__(self, facts: Facts, journeys: Journeys, created: dict[str, list[Opportunity]]) -> None:
        self._facts = facts
        self._journeys = journeys
        self._by_account: dict[str, list[Opportunity]] = {}
        for deal in facts.world.opportunities:
            account = facts.account(deal.account)
            if account:
                self._by_account.setdefault(account, []).append(deal)
        self._active = self._first_activities()
        self.sourced: dict[str, dict[str, list[Opportunity]]] = {
            "first_touch": self._first_touch(),
            "lead_source": {
                event: [deal for deal in deals if deal.lead_source in facts.terms.lead_sources]
                for event, deals in created.items()
            },
            "before_sales": self._before_sales(),
        }
        self.influenced = self._influenced()

    def _first_activities(self) -> dict[str, date]:
        of_deal = {deal.key: self._facts.account(deal.account) for deal in self._facts.world.opportunities}
        first: dict[str, date] = {}
        for activity in self._facts.world.activities:
            account = of_deal.get(activity.opportunity or "") or self._facts.account_of_person(
                activity.person or ""
            )
            if account:
                day = self._facts.day(activity.at)
                first[account] = min(first.get(account, day), day)
        return first

    def _first_touch(self) -> dict[str, list[Opportunity]]:
        found: dict[str, list[Opportunity]] = {}
        for account, deals in self._by_account.items():
            touches = self._journeys.first_days(account)
            first = min(
                deals, key=lambda deal: (self._facts.day(deal.created_at), self._facts.order(deal.key))
            )
            for event, day in list(touches.items())[:1]:
                if self._facts.day(first.created_at) >= day:
                    found.setdefault(event, []).append(first)
        return found

    def _before_sales(self) -> dict[str, list[Opportunity]]:
        found: dict[str, list[Opportunity]] = {}
        for account, deals in self._by_account.items():
            for event, day in self._journeys.first_days(account).items():
                for deal in deals:
                    created = self._facts.day(deal.created_at)
                    if day < min(created, self._active.get(account, created)):
                        found.setdefault(event, []).append(deal)
        return found

    def _influenced(self) -> dict[str, list[Opportunity]]:
        found: dict[str, list[Opportunity]] = {}
        for account, deals in self._by_account.items():
            for event, day in self._journeys.first_days(account).items():
                for deal in deals:
                    until = self._facts.closed(deal) or self._facts.world.as_of + timedelta(days=1)
                    if day < until:
                        found.setdefault(event, []).append(deal)
        return found
