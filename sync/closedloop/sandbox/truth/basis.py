"""What the later figures rest on: a world read once, with its credits, touches, deals and costs at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import percentile
from closedloop.sandbox.truth.attribution import Attribution
from closedloop.sandbox.truth.deals import Deals
from closedloop.sandbox.truth.facts import Facts
from closedloop.sandbox.truth.journeys import Journeys
from closedloop.sandbox.truth.models import share, weights
from closedloop.sandbox.truth.money import Ledger
from closedloop.sandbox.truth.results import Terms
from closedloop.sandbox.truth.touches import touches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from closedloop.sandbox.truth.models import Journey
    from closedloop.sandbox.truth.results import DocumentFigure, Part
    from closedloop.sandbox.truth.touches import Touch
    from closedloop.sandbox.world import Event, Links, Opportunity, OpportunityChange, World

#: Days from touch to won taken for a company with fewer than twenty deals to learn from.
ASSUMED_CYCLE, ENOUGH = 180, 20


@dataclass(slots=True, kw_only=True, frozen=True)
class Credit:
    """What one document gave to one event through one part, by the primary model: signed home minor units.

    ``bucket`` is ``credited``, or ``no_deal``, which enters no return.
    """

    document: str
    event: str
    account: str
    day: date
    value: int
    bucket: str


class Basis:
    """A world with a set of links, ready for figures that are cut by date.

    Args:
        world: What the systems hold.
        links: Which records are the same; the world's own truth by default.
        keys: World key → published key.
        terms: The definitions in force.
    """

    def __init__(
        self,
        world: World,
        links: Links | None = None,
        *,
        keys: Mapping[str, str] | None = None,
        terms: Terms | None = None,
    ) -> None:
        self.world = world
        self.facts = Facts(world=world, links=links or world.links, keys=keys or {}, terms=terms or Terms())
        self.ledger = Ledger(self.facts)
        self.touches = touches(self.facts)
        self.journeys = Journeys(self.facts, self.touches)
        self.deals = Deals(self.facts, self.ledger)
        attribution = Attribution(self.facts, self.ledger, self.deals, self.journeys)
        self.documents: dict[str, DocumentFigure] = {
            key: attribution.figure(worth) for key, worth in self.ledger.worths.items()
        }
        self._ledgers: dict[date, Ledger] = {}

    def is_credit(self, touch: Touch) -> bool:
        """Say whether a touch earns credit."""
        return touch.status in self.facts.terms.credit_statuses

    def attended(self, event: str) -> list[Touch]:
        """Return the touches of the people who attended an event."""
        return [touch for touch in self.of_event.get(event, []) if touch.status == "attended"]

    def reached(self, event: str) -> set[str]:
        """Return the accounts of the people who attended."""
        return {touch.account for touch in self.attended(event) if touch.account}

    def first_days(self, event: str) -> dict[str, date]:
        """Return every account's earliest credit touch at an event."""
        found: dict[str, date] = {}
        for touch in self.of_event.get(event, []):
            if touch.account and self.is_credit(touch):
                found[touch.account] = min(found.get(touch.account, touch.day), touch.day)
        return found

    @cached_property
    def of_event(self) -> dict[str, list[Touch]]:
        """The touches of every event."""
        found: dict[str, list[Touch]] = {}
        for touch in self.touches:
            found.setdefault(touch.event, []).append(touch)
        return found

    @cached_property
    def of_account(self) -> dict[str | None, list[Opportunity]]:
        """The deals of every account."""
        found: dict[str | None, list[Opportunity]] = {}
        for deal in self.world.opportunities:
            found.setdefault(self.facts.account(deal.account), []).append(deal)
        return found

    @cached_property
    def sales(self) -> dict[str | None, list[tuple[date, int]]]:
        """The day and value of every document of an account."""
        found: dict[str | None, list[tuple[date, int]]] = {}
        for worth in self.ledger.worths.values():
            found.setdefault(worth.account, []).append((worth.document.day, worth.value or 0))
        return found

    @cached_property
    def steps(self) -> dict[str, list[OpportunityChange]]:
        """The stage changes of every deal, oldest first."""
        found: dict[str, list[OpportunityChange]] = {}
        for change in sorted(self.world.changes, key=lambda change: change.at):
            if change.field == "stage":
                found.setdefault(change.opportunity, []).append(change)
        return found

    @cached_property
    def rank(self) -> dict[str, int]:
        """The rank of every stage."""
        return {stage.key: stage.rank for stage in self.world.stages}

    @cached_property
    def credits(self) -> list[Credit]:
        """Every credit of a document to an event."""
        return [
            Credit(
                document=key,
                event=event,
                account=figure.account or "",
                day=self.ledger.worths[key].document.day,
                value=value,
                bucket=part.bucket,
            )
            for key, figure in self.documents.items()
            for part in figure.parts
            if part.bucket in {"credited", "no_deal"}
            for event, value in self._shares(part.value, part.journey)
        ]

    def _shares(self, value: int, journey: Journey | None) -> list[tuple[str, int]]:
        """Split an amount over the events of a journey by the primary model."""
        if journey is None or not journey.touches:
            return []
        model = self.facts.terms.models[self.facts.terms.primary]
        events = [touch.event for touch in journey.touches]
        given = share(value, weights(model, journey), [self.facts.order(event) for event in events])
        return list(zip(events, given, strict=True))

    @cached_property
    def won_credits(self) -> list[tuple[str, date, int]]:
        """(event, day closed, amount) of every won deal, split over its events."""
        return [
            (event, closed, amount)
            for deal in self.world.opportunities
            if deal.is_won and (closed := self.facts.closed(deal))
            for event, amount in self._shares(deal.amount, self.journeys.of_deal(deal))
        ]

    def ledger_on(self, day: date) -> Ledger:
        """Return the ledger as its own dates show it at the end of a day; links and all else as known now."""
        if day not in self._ledgers:
            facts = replace(self.facts, world=replace(self.world, as_of=day))
            self._ledgers[day] = Ledger(facts)
        return self._ledgers[day]

    def collected_credits(self, event: str, day: date) -> int:
        """Return what was collected by the end of a day of all that was credited to an event.

        Decided where the page is silent: the cumulative collected amount of each part is split by the weights of the
        part, and of a credit note that was used for several invoices each use is collected on its effective date.
        """
        return sum(value for when, value in self._collected.get(event, {}).items() if when <= day)

    @cached_property
    def _collected(self) -> dict[str, dict[date, int]]:
        """Event → day → what came in on it of what was credited to the event."""
        found: dict[str, dict[date, int]] = {}
        for figure in self.documents.values():
            for part in figure.parts:
                if part.bucket == "credited":
                    self._receive(found, part)
        return found

    def _receive(self, found: dict[str, dict[date, int]], part: Part) -> None:
        before: dict[str, int] = {}
        for when, received in part.receipts:
            now = dict(self._shares(received, part.journey))
            for event, value in now.items():
                days = found.setdefault(event, {})
                days[when] = days.get(when, 0) + value - before.get(event, 0)
            before = now

    def cost(self, event: Event) -> int | None:
        """Return the actual cost if entered, else the ledger's lines tagged to the event, else nothing."""
        if event.actual_cost:
            return event.actual_cost
        tagged = [
            line.home_net
            for line in self.world.cost_lines
            if line.event_code == event.code and line.status == "posted"
        ]
        return sum(tagged) if tagged else None

    @cached_property
    def cycle(self) -> int:
        """The nearest-rank 80th percentile of the days from a won deal's first touch to its close."""
        lengths = [
            (closed - journey.touches[0].day).days
            for deal in self.world.opportunities
            if deal.is_won and (closed := self.facts.closed(deal))
            for journey in [self.journeys.of_deal(deal)]
            if journey.touches
        ]
        return percentile(lengths, 80) if len(lengths) >= ENOUGH else ASSUMED_CYCLE
