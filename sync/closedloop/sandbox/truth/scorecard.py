"""The five steps of every event, its coverage, and the editions of a series (The scorecard)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.ages import AGES, figures_on, has_risen
from closedloop.sandbox.truth.arithmetic import percentile, ratio
from closedloop.sandbox.truth.money import SIGN

if TYPE_CHECKING:
    from decimal import Decimal

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.world import Event, Opportunity

#: From this share on a step is done; days in which the attendees must be in the CRM.
DONE_PERCENT, IMPORT_WITHIN = 90, 5


@dataclass(slots=True, kw_only=True, frozen=True)
class Step:
    """One step of one event: ``hits`` of ``cases``; ``days`` from the event to the import, of step 2 only."""

    number: int
    hits: int
    cases: int
    days: int | None = None

    @property
    def share(self) -> Decimal | None:
        """Hits of cases."""
        return ratio(self.hits, self.cases) if self.cases else None

    @property
    def state(self) -> str:
        """done, partly or missing; nothing to count yet is missing."""
        if not self.hits:
            return "missing"
        percent = 100 if self.number == 1 else DONE_PERCENT
        is_late = self.days is not None and self.days > IMPORT_WITHIN
        return "done" if 100 * self.hits >= percent * self.cases and not is_late else "partly"


@dataclass(slots=True, kw_only=True, frozen=True)
class Edition:
    """One event of a series beside the one before it, at the largest printed age that both have reached."""

    event: str
    number: int
    previous: str | None
    age: int | None
    changes: dict[int, Decimal]
    attended: int = 0
    attended_change: int | None = None
    own: dict[str, Value] = field(default_factory=dict)
    before: dict[str, Value] = field(default_factory=dict)

    def change(self, name: str) -> Value:
        """Return how much a figure at the equal age rose."""
        own, before = self.own.get(name), self.before.get(name)
        return None if own is None or before is None else own - before  # type: ignore[operator,return-value]

    @property
    def is_improving(self) -> bool | None:
        """Whether the return on cost rose."""
        risen = self.change("roi_realised")
        return None if risen is None else risen > 0  # type: ignore[operator]

    @property
    def is_scaling(self) -> bool | None:
        """Whether, with more attendees, an opportunity cost no more and a unit of cost brought no less.

        One of the two that fails decides alone; else both must be known.
        """
        if not self.attended_change or self.attended_change < 0:
            return None
        price, value = self.change("cost_per_opportunity"), self.change("value_per_cost")
        cheaper = None if price is None else price <= 0  # type: ignore[operator]
        richer = None if value is None else value >= 0  # type: ignore[operator]
        if cheaper is False or richer is False:
            return False
        return None if cheaper is None or richer is None else True


class Scorecard:
    """The scorecards of a world.

    Decided where the page is silent: a step is done from nine tenths of its cases on, the first only when all four entries
    are there; a cost is one from whatever source. A member is an attendee whom the CRM knows; the import is late when its
    median is later than the first touch may be. Opened is created or advanced; won deals are those created or advanced. An
    event that is not over has only its first step. Attendees are covered when their account is known, cost when there is
    one, revenue by the won amounts whose account is a customer with a document of the deal. Steps 1 and 2 do not age.
    """

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._customers = {
            basis.facts.account_of_customer(customer.key) for customer in basis.world.customers
        }

    def steps(self, event: Event, day: date | None = None) -> list[Step]:
        """Return the five steps of an event, now or as they were at the end of a day."""
        first = Step(number=1, hits=self._entries(event), cases=4)
        if self._basis.world.as_of <= event.end:
            return [first, *(Step(number=number, hits=0, cases=0) for number in range(2, 6))]
        return [
            first,
            self._captured(event),
            self._opened(event, day),
            self._decided(event, day),
            self._invoiced(event, day),
        ]

    def _entries(self, event: Event) -> int:
        has_cost = self._basis.cost(event) is not None
        return 1 + bool(event.budget) + has_cost + bool(event.expected_attendees)

    def _captured(self, event: Event) -> Step:
        attended = self._basis.attended(event.key)
        members = [touch.person for touch in attended if touch.person]
        days = [max((self._imported[event.key, person] - event.end).days, 0) for person in members]
        return Step(
            number=2, hits=len(members), cases=len(attended), days=percentile(days, 50) if days else None
        )

    @cached_property
    def _imported(self) -> dict[tuple[str, str], date]:
        """(event, person) → the day on which the CRM's first record of the two was made."""
        facts = self._basis.facts
        found: dict[tuple[str, str], date] = {}
        for one in self._basis.world.registrations:
            person = facts.person(facts.links.touch_person.get(one.key) or one.person)
            if person and one.status != "cancelled":
                day = facts.day(one.created_at)
                found[one.event, person] = min(found.get((one.event, person), day), day)
        return found

    def _deals(self, event: Event, day: date | None) -> tuple[list[Opportunity], list[Opportunity]]:
        """Return the deals that an event created, and those that it created or advanced, by the end of a day."""
        created: list[Opportunity] = []
        advanced: list[Opportunity] = []
        for account, touched in self._basis.first_days(event.key).items():
            last = touched + timedelta(days=self._basis.facts.terms.follow_up_days)
            last = min(last, day) if day else last
            for deal in self._basis.of_account.get(account, []):
                if touched <= self._basis.facts.day(deal.created_at) <= last:
                    created.append(deal)
                elif has_risen(self._basis, deal, touched, last):
                    advanced.append(deal)
        return created, [*created, *advanced]

    def _opened(self, event: Event, day: date | None) -> Step:
        reached = self._basis.reached(event.key)
        opened = {self._basis.facts.account(deal.account) for deal in self._deals(event, day)[1]}
        return Step(number=3, hits=len(reached & opened), cases=len(reached))

    def _decided(self, event: Event, day: date | None) -> Step:
        latest = (day or self._basis.world.as_of) - timedelta(days=self._basis.cycle)
        old = [
            deal for deal in self._deals(event, day)[0] if self._basis.facts.day(deal.created_at) <= latest
        ]
        return Step(number=4, hits=sum(self._is_closed(deal, day) for deal in old), cases=len(old))

    def _is_closed(self, deal: Opportunity, day: date | None) -> bool:
        closed = self._basis.facts.closed(deal)
        return deal.is_closed and (day is None or (closed is not None and closed <= day))

    def _won(self, event: Event, day: date | None) -> list[Opportunity]:
        return [deal for deal in self._deals(event, day)[1] if deal.is_won and self._is_closed(deal, day)]

    def _has_invoice(self, deal: Opportunity, day: date | None) -> bool:
        billed = self._billed.get(deal.key)
        is_customer = self._basis.facts.account(deal.account) in self._customers
        return is_customer and billed is not None and (day is None or billed <= day)

    @cached_property
    def _billed(self) -> dict[str, date]:
        """Deal → the day of its first invoice or sales receipt."""
        found: dict[str, date] = {}
        for key, worth in self._basis.ledger.worths.items():
            deal = self._basis.deals.of(key).key
            if deal and SIGN[worth.document.kind] > 0:
                found[deal] = min(found.get(deal, worth.document.day), worth.document.day)
        return found

    def _invoiced(self, event: Event, day: date | None) -> Step:
        won = self._won(event, day)
        return Step(number=5, hits=sum(self._has_invoice(deal, day) for deal in won), cases=len(won))

    def coverage(self, event: Event) -> dict[str, Value]:
        """Return what share of the attendees, of the cost and of the won amounts is evidenced."""
        attended = self._basis.attended(event.key)
        known = sum(touch.account is not None for touch in attended)
        won = self._won(event, None)
        amount = sum(deal.amount for deal in won)
        billed = sum(deal.amount for deal in won if self._has_invoice(deal, None))
        return {
            "coverage_attendees": ratio(known, len(attended)) if attended else None,
            "coverage_cost": ratio(int(self._basis.cost(event) is not None), 1),
            "coverage_revenue": ratio(billed, amount) if amount else None,
        }

    def is_measurable(self, event: Event) -> bool:
        """Say whether somebody attended and every coverage reaches nine tenths; no won amount lacks nothing."""
        shares = self.coverage(event)
        if shares["coverage_attendees"] is None:
            return False
        return all(share is None or share >= ratio(DONE_PERCENT, 100) for share in shares.values())  # type: ignore[operator]

    def editions(self) -> list[Edition]:
        """Return the editions of every series in the order of their first day."""
        found: list[Edition] = []
        for series in dict.fromkeys(event.series for event in self._basis.world.events):
            events = [event for event in self._basis.world.events if event.series == series]
            events.sort(key=lambda event: (event.start, self._basis.facts.order(event.key)))
            for number, event in enumerate(events, start=1):
                found.append(self._edition(number, event, events[number - 2] if number > 1 else None))
        return found

    def of_series(self, series: str) -> list[tuple[Step, str | None, Decimal | None]]:
        """Return the five steps of a series over its editions, with the newest edition's key and change where one is known.

        The cases of all editions are added up, the longest import counts.
        """
        events = [event for event in self._basis.world.events if event.series == series]
        keys = {event.key for event in events}
        editions = [edition for edition in self.editions() if edition.event in keys]
        cards = [self.steps(event) for event in events]
        found: list[tuple[Step, str | None, Decimal | None]] = []
        for number in range(1, 6):
            steps = [card[number - 1] for card in cards]
            newest = [edition for edition in editions if number in edition.changes][-1:]
            whole = Step(
                number=number,
                hits=sum(step.hits for step in steps),
                cases=sum(step.cases for step in steps),
                days=max((step.days for step in steps if step.days is not None), default=None),
            )
            found.append(
                (whole, newest[0].event if newest else None, newest[0].changes[number] if newest else None)
            )
        return found

    def _edition(self, number: int, event: Event, before: Event | None) -> Edition:
        attended = len(self._basis.attended(event.key))
        if before is None:
            return Edition(
                event=event.key, number=number, previous=None, age=None, changes={}, attended=attended
            )
        as_of = self._basis.world.as_of
        ages = [age for age in AGES if max(event.end, before.end) + timedelta(days=age) < as_of]
        age = max(ages, default=None)
        return Edition(
            event=event.key,
            number=number,
            previous=before.key,
            age=age,
            changes=self._changes(event, before, age),
            attended=attended,
            attended_change=attended - len(self._basis.attended(before.key)),
            own=self._figures(event, age),
            before=self._figures(before, age),
        )

    def _figures(self, event: Event, age: int | None) -> dict[str, Value]:
        if age is None:
            return {}
        figures = figures_on(self._basis, event, event.end + timedelta(days=age))
        cost, value = figures["cost"], figures["attributed"]
        is_known = isinstance(cost, int) and isinstance(value, int) and cost
        return {**figures, "value_per_cost": ratio(value, cost) if is_known else None}  # type: ignore[arg-type]

    def _changes(self, event: Event, before: Event, age: int | None) -> dict[int, Decimal]:
        changes: dict[int, Decimal] = {}
        for number in range(1, 6):
            if number > 2 and age is None:  # noqa: PLR2004 - steps 1 and 2 do not age
                break
            days = timedelta(days=age) if age is not None and number > 2 else None  # noqa: PLR2004
            own = self.steps(event, event.end + days if days else None)[number - 1].share
            other = self.steps(before, before.end + days if days else None)[number - 1].share
            if own is not None and other is not None:
                changes[number] = own - other
        return changes
