"""Figures per event, per account and in total."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import clopper_pearson, percentile, ratio, rounded, split

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.journeys import Journeys
    from closedloop.sandbox.truth.money import Ledger, Worth
    from closedloop.sandbox.truth.results import DocumentFigure, Value
    from closedloop.sandbox.truth.touches import Touch
    from closedloop.sandbox.world import Event, Opportunity, OpportunityChange

#: Days from touch to won taken for a company with fewer than twenty deals to learn from.
ASSUMED_CYCLE, ENOUGH = 180, 20


@dataclass(slots=True, kw_only=True)
class Credited:
    """What the split gave to each event: home minor units."""

    value: dict[str, int]
    collected: dict[str, int]
    no_deal: dict[str, int]
    pairs: dict[tuple[str, str], tuple[int, int]]

    @classmethod
    def of(cls, documents: dict[str, DocumentFigure]) -> Credited:
        """Split every part over its events; documents without deal or new business go to ``no_deal``."""
        made = cls(value={}, collected={}, no_deal={}, pairs={})
        for key, figure in documents.items():
            for part in figure.parts:
                shares = zip(
                    part.events,
                    split(part.value, len(part.events) or 1),
                    split(part.collected, len(part.events) or 1),
                    strict=False,
                )
                for event, value, collected in shares:
                    made._give(key, event, part.bucket, value, collected)
        return made

    def _give(self, document: str, event: str, bucket: str, value: int, collected: int) -> None:
        if bucket == "no_deal":
            self.no_deal[event] = self.no_deal.get(event, 0) + value
        elif bucket == "credited":
            self.value[event] = self.value.get(event, 0) + value
            self.collected[event] = self.collected.get(event, 0) + collected
            held = self.pairs.get((document, event), (0, 0))
            self.pairs[document, event] = (held[0] + value, held[1] + collected)


class Pipeline:
    """Opportunities that events created or advanced, and the amounts along their history."""

    def __init__(self, facts: Facts, journeys: Journeys) -> None:
        self._facts = facts
        self._journeys = journeys
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


class Campaigns:
    """Figures of one event after another."""

    def __init__(
        self, facts: Facts, ledger: Ledger, touches: list[Touch], journeys: Journeys, *, credited: Credited
    ) -> None:
        self._facts = facts
        self._ledger = ledger
        self._journeys = journeys
        self._credited = credited
        self._pipeline = Pipeline(facts, journeys)
        self._touches: dict[str, list[Touch]] = {}
        for touch in touches:
            self._touches.setdefault(touch.event, []).append(touch)
        self._worths: dict[str | None, list[Worth]] = {}
        for worth in ledger.worths.values():
            self._worths.setdefault(worth.account, []).append(worth)
        self._deal_credit = self._split_deals()
        self._cycle = self._usual_cycle()

    def figures(self, event: Event) -> dict[str, Value]:
        """Return the measures of an event by name."""
        touches = self._touches.get(event.key, [])
        attended = [touch for touch in touches if touch.status == "attended"]
        accounts = sorted({touch.account for touch in attended if touch.account})
        leads = [
            touch
            for touch in touches
            if touch.status in self._facts.terms.credit_statuses and touch.has_identity
        ]
        figures: dict[str, Value] = {
            "attended": len(attended),
            "leads_captured": len(leads),
            "accounts_reached": len(accounts),
            **self._revenue(event, accounts),
            **self._pipelines(event, leads),
            "credited_won_linear": self._deal_credit["won"].get(event.key, 0),
            "credited_open_linear": self._deal_credit["open"].get(event.key, 0),
            "attributed_linear": self._credited.value.get(event.key, 0),
            "attributed_linear_collected": self._credited.collected.get(event.key, 0),
            "attributed_linear_no_deal": self._credited.no_deal.get(event.key, 0),
            "immature": (self._facts.world.as_of - event.end).days < self._cycle,
        }
        return {**figures, **self._costs(event, figures)}

    def _revenue(self, event: Event, accounts: list[str]) -> dict[str, Value]:
        worths = [worth for account in accounts for worth in self._worths.get(account, [])]
        after = [worth for worth in worths if worth.document.day >= event.start]
        first = self._ledger.first_positive
        return {
            "attendee_ltv": sum(worth.value or 0 for worth in worths),
            "attendee_ltv_collected": sum(worth.collected for worth in worths),
            "ltv_after_event": sum(worth.value or 0 for worth in after),
            "ltv_after_event_collected": sum(worth.collected for worth in after),
            "new_customers": sum(account in first and first[account] >= event.start for account in accounts),
            "not_convertible": sum(worth.value is None for worth in worths),
        }

    def _pipelines(self, event: Event, leads: list[Touch]) -> dict[str, Value]:
        first = self._first_days(event)
        created = [deal for account, day in first.items() for deal in self._pipeline.created(account, day)]
        advanced = [
            (deal, day) for account, day in first.items() for deal in self._pipeline.advanced(account, day)
        ]
        moving = [deal for deal in (*created, *(deal for deal, _ in advanced)) if not deal.is_closed]
        won = sum(deal.is_won for deal in created)
        lost = sum(deal.is_closed and not deal.is_won for deal in created)
        low, high = clopper_pearson(won, won + lost) if won + lost else (None, None)
        return {
            "opportunities_created": len(created),
            "opportunities_created_role": self._with_role(leads),
            "opportunities_advanced": len(advanced),
            "pipeline_created": sum(self._pipeline.first_amount(deal) for deal in created),
            "pipeline_at_event": sum(self._pipeline.amount_on(deal, day) for deal, day in advanced),
            "pipeline_open": sum(deal.amount for deal in moving),
            "pipeline_weighted": sum(rounded(deal.amount * deal.probability, 100) for deal in moving),
            "won": won,
            "lost": lost,
            "open_count": len(created) - won - lost,
            "win_rate": ratio(won, won + lost) if won + lost else None,
            "win_rate_low": low,
            "win_rate_high": high,
        }

    def _first_days(self, event: Event) -> dict[str, date]:
        accounts = sorted({touch.account for touch in self._touches.get(event.key, []) if touch.account})
        days = {account: self._journeys.first_day(account, event.key) for account in accounts}
        return {account: day for account, day in days.items() if day}

    def _with_role(self, leads: list[Touch]) -> int:
        """Count deals on which a lead of this event is the contact, created from that person's own touch on."""
        day_of = {touch.person: touch.day for touch in leads if touch.person}
        follow_up = timedelta(days=self._facts.terms.follow_up_days)
        count = 0
        for deal in self._facts.world.opportunities:
            person = self._facts.person(deal.person)
            if person in day_of:
                created = self._facts.day(deal.created_at)
                count += day_of[person] <= created <= day_of[person] + follow_up
        return count

    def _split_deals(self) -> dict[str, dict[str, int]]:
        given: dict[str, dict[str, int]] = {"won": {}, "open": {}}
        for deal in self._facts.world.opportunities:
            kind = "won" if deal.is_won else "open"
            events = [touch.event for touch in self._journeys.of_deal(deal)]
            if deal.is_won or not deal.is_closed:
                for event, share in zip(events, split(deal.amount, len(events) or 1), strict=False):
                    given[kind][event] = given[kind].get(event, 0) + share
        return given

    def _usual_cycle(self) -> int:
        """The 80th percentile of the days from a won deal's first touch to its close."""
        lengths = []
        for deal in self._facts.world.opportunities:
            closed = self._facts.closed(deal)
            days = [touch.day for touch in self._journeys.of_deal(deal)]
            if deal.is_won and closed and days:
                lengths.append((closed - min(days)).days)
        return percentile(lengths, 80) if len(lengths) >= ENOUGH else ASSUMED_CYCLE

    def _costs(self, event: Event, figures: dict[str, Value]) -> dict[str, Value]:
        cost, source = self._cost(event)
        over = self._facts.world.as_of > event.end
        reason = "no_cost" if not cost else None if over else "not_yet"

        def per(name: str) -> int | None:
            count = figures[name]
            return rounded(cost, count) if cost and isinstance(count, int) and count else None

        def roi(name: str) -> Value:
            gain = figures[name]
            return ratio(gain - cost, cost) if cost and isinstance(gain, int) and over else None

        return {
            "cost": cost,
            "cost_source": source,
            "budget": event.budget,
            "cost_per_attendee": per("attended"),
            "cost_per_lead": per("leads_captured"),
            "cost_per_opportunity": per("opportunities_created"),
            "cost_per_new_customer": per("new_customers"),
            "roi_realised": roi("attributed_linear"),
            "roi_collected": roi("attributed_linear_collected"),
            "roi_closed_won": roi("credited_won_linear"),
            "roi_blank_reason": reason,
        }

    def _cost(self, event: Event) -> tuple[int | None, str]:
        if event.actual_cost:
            return event.actual_cost, "entered"
        tagged = [
            line.home_net
            for line in self._facts.world.cost_lines
            if line.event_code == event.code and line.status == "posted"
        ]
        return (sum(tagged), "ledger") if tagged else (None, "none")
