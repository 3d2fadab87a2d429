"""Figures per event, and per group of events."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from closedloop.sandbox.truth.arithmetic import clopper_pearson, percentile, ratio, rounded
from closedloop.sandbox.truth.models import PRESETS
from closedloop.sandbox.truth.pipeline import Pipeline
from closedloop.sandbox.truth.returns import cost_of, payback, per, roi
from closedloop.sandbox.truth.sourcing import RULES, Sourcing
from closedloop.sandbox.truth.spans import Spans

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from decimal import Decimal

    from closedloop.sandbox.truth.credits import Credits
    from closedloop.sandbox.truth.deals import Deals
    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.journeys import Journeys
    from closedloop.sandbox.truth.money import Ledger, Worth
    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.truth.touches import Touch
    from closedloop.sandbox.world import Event, Opportunity

    Dated = tuple[Opportunity, date]

T = TypeVar("T")

#: Days from touch to won taken for a company with fewer than twenty deals to learn from; what a share by amount needs.
ASSUMED_CYCLE, ENOUGH = 180, 20


class Campaigns:
    """Figures of one event, or one group of events, after another.

    Over a group everything that overlaps is counted over its distinct people, accounts and deals, and what is additive
    is summed. An account came to a group on the first day of the first of its events where it was.
    """

    def __init__(
        self,
        facts: Facts,
        ledger: Ledger,
        deals: Deals,
        touches: list[Touch],
        journeys: Journeys,
        *,
        credits_: Credits,
    ) -> None:
        self._facts = facts
        self._ledger = ledger
        self._journeys = journeys
        self._credits = credits_
        self._pipeline = Pipeline(facts)
        self._spans = Spans(facts, ledger, deals)
        self._touches: dict[str, list[Touch]] = {}
        for touch in touches:
            self._touches.setdefault(touch.event, []).append(touch)
        self._worths: dict[str | None, list[Worth]] = {}
        for worth in ledger.worths.values():
            self._worths.setdefault(worth.account, []).append(worth)
        self._created = {
            event.key: self._moved(event, self._pipeline.created) for event in facts.world.events
        }
        self._advanced = {
            event.key: self._moved(event, self._pipeline.advanced) for event in facts.world.events
        }
        self._sourcing = Sourcing(
            facts,
            journeys,
            {event: [deal for deal, _ in moved] for event, moved in self._created.items()},
        )
        self.cycle = self._usual_cycle()

    def figures(self, event: Event) -> dict[str, Value]:
        """Return the measures of an event by name."""
        return {
            **self.of_group([event]),
            "cost_source": cost_of(self._facts, event)[1],
            "immature": (self._facts.world.as_of - event.end).days < self.cycle,
        }

    def of_group(self, events: list[Event]) -> dict[str, Value]:
        """Return the measures of some events together."""
        figures = {
            **self._people(events),
            **self._revenue(events),
            **self._pipelines(events),
            **self._sources(events),
            **self._credited(events),
            "budget": _sum([event.budget for event in events]),
        }
        return {**figures, **self._returns(events, figures)}

    def by_model(self, event: Event) -> dict[str, dict[str, Value]]:
        """Return what each model gave to an event, and the returns on it."""
        cost, _ = cost_of(self._facts, event)
        is_over = self._facts.world.as_of > event.end
        made: dict[str, dict[str, Value]] = {}
        for model, given in self._credits.given.items():
            value, collected, won = (
                counted[event.key] for counted in (given.value, given.collected, given.won)
            )
            made[model] = {
                "attributed": value,
                "attributed_collected": collected,
                "attributed_no_deal": given.no_deal[event.key],
                "credited_won": won,
                "credited_open": given.open[event.key],
                "roi_realised": roi(value, cost, is_over=is_over),
                "roi_collected": roi(collected, cost, is_over=is_over),
                "roi_closed_won": roi(won, cost, is_over=is_over),
                "roi_pipeline": roi(won + given.weighted[event.key], cost, is_over=is_over),
            }
        return made

    def _people(self, events: list[Event]) -> dict[str, Value]:
        touches = [touch for event in events for touch in self._touches.get(event.key, [])]
        credit = self._facts.terms.credit_statuses

        def people(statuses: frozenset[str]) -> set[str]:
            return {touch.identity for touch in touches if touch.status in statuses}

        attended = people(frozenset({"attended"}))
        registered = people(frozenset({"registered", "no_show", "attended"}))
        return {
            "attended": len(attended),
            "leads_captured": len(
                {touch.identity for touch in touches if touch.status in credit and touch.has_identity}
            ),
            "accounts_reached": len(self._reached(events)),
            "registered": len(registered),
            "no_shows": len(people(frozenset({"no_show"}))),
            "show_rate": ratio(len(attended), len(registered)) if registered else None,
        }

    def _reached(self, events: list[Event]) -> dict[str, date]:
        """Return the accounts of the attended, each with the first day of the first event where it was."""
        since: dict[str, date] = {}
        for event in events:
            for touch in self._touches.get(event.key, []):
                if touch.account and touch.status == "attended":
                    since[touch.account] = min(since.get(touch.account, event.start), event.start)
        return since

    def _revenue(self, events: list[Event]) -> dict[str, Value]:
        since = self._reached(events)
        worths = [(worth, day) for account, day in since.items() for worth in self._worths.get(account, [])]
        after = [worth for worth, day in worths if worth.document.day >= day]
        first = self._ledger.first_positive
        return {
            "attendee_ltv": sum(worth.value or 0 for worth, _ in worths),
            "attendee_ltv_collected": sum(worth.collected for worth, _ in worths),
            "ltv_after_event": sum(worth.value or 0 for worth in after),
            "ltv_after_event_collected": sum(worth.collected for worth in after),
            "new_customers": sum(
                account in first and first[account] >= day for account, day in since.items()
            ),
            "not_convertible": sum(worth.value is None for worth, _ in worths),
        }

    def _moved(self, event: Event, which: Callable[[str, date], list[Opportunity]]) -> list[Dated]:
        """Return the deals that an event created or advanced, each with the account's touch."""
        accounts = sorted({touch.account for touch in self._touches.get(event.key, []) if touch.account})
        days = {account: self._journeys.first_day(account, event.key) for account in accounts}
        return [(deal, day) for account, day in days.items() if day for deal in which(account, day)]

    def _distinct(self, events: list[Event], moved: dict[str, list[Dated]]) -> list[Dated]:
        """Return each deal once, with the earliest touch."""
        earliest: dict[str, Dated] = {}
        for event in events:
            for deal, day in moved[event.key]:
                held = earliest.setdefault(deal.key, (deal, day))
                if day < held[1]:
                    earliest[deal.key] = (deal, day)
        return list(earliest.values())

    def _pipelines(self, events: list[Event]) -> dict[str, Value]:
        created = self._distinct(events, self._created)
        new = {deal.key for deal, _ in created}
        advanced = [pair for pair in self._distinct(events, self._advanced) if pair[0].key not in new]
        moving = [deal for deal, _ in (*created, *advanced) if not deal.is_closed]
        return {
            "opportunities_created": len(created),
            "opportunities_created_role": len({key for event in events for key in self._with_role(event)}),
            "opportunities_advanced": len(advanced),
            "pipeline_created": sum(self._pipeline.first_amount(deal) for deal, _ in created),
            "pipeline_at_event": sum(self._pipeline.amount_on(deal, day) for deal, day in advanced),
            "pipeline_open": sum(deal.amount for deal in moving),
            "pipeline_weighted": sum(rounded(deal.amount * deal.probability, 100) for deal in moving),
            **self._outcomes([deal for deal, _ in created]),
            **self._spans.figures(created),
        }

    def _outcomes(self, created: list[Opportunity]) -> dict[str, Value]:
        won = [deal for deal in created if deal.is_won]
        lost = [deal for deal in created if deal.is_closed and not deal.is_won]
        decided = len(won) + len(lost)
        low, high = clopper_pearson(len(won), decided) if decided else (None, None)
        won_amount, lost_amount = (sum(deal.amount for deal in deals) for deals in (won, lost))
        as_of = self._facts.world.as_of
        ages = [(as_of - self._facts.day(deal.created_at)).days for deal in created if not deal.is_closed]
        until = as_of - timedelta(days=self.cycle)
        cohort = [deal for deal in created if self._facts.day(deal.created_at) <= until]
        by_amount = decided >= ENOUGH and won_amount + lost_amount > 0
        return {
            "won": len(won),
            "lost": len(lost),
            "open_count": len(created) - decided,
            "win_rate": ratio(len(won), decided) if decided else None,
            "win_rate_low": low,
            "win_rate_high": high,
            "won_amount": won_amount,
            "lost_amount": lost_amount,
            "win_rate_by_amount": ratio(won_amount, won_amount + lost_amount) if by_amount else None,
            "win_rate_cohort": (ratio(sum(deal.is_won for deal in cohort), len(cohort)) if cohort else None),
            "open_age_days": percentile(ages, 50) if ages else None,
        }

    def _with_role(self, event: Event) -> set[str]:
        """Return the deals on which a lead of an event is the contact, created from that person's own touch on."""
        credit = self._facts.terms.credit_statuses
        day_of = {
            touch.person: touch.day
            for touch in self._touches.get(event.key, [])
            if touch.person and touch.status in credit
        }
        follow_up = timedelta(days=self._facts.terms.follow_up_days)
        return {
            deal.key
            for deal in self._facts.world.opportunities
            if (person := self._facts.person(deal.person)) in day_of
            and day_of[person] <= self._facts.day(deal.created_at) <= day_of[person] + follow_up
        }

    def _sources(self, events: list[Event]) -> dict[str, Value]:
        figures: dict[str, Value] = {}
        for rule in (*RULES, "influenced"):
            by_event = self._sourcing.influenced if rule == "influenced" else self._sourcing.sourced[rule]
            deals = {deal.key: deal for event in events for deal in by_event.get(event.key, [])}
            name = rule if rule == "influenced" else f"sourced_{rule}"
            figures[name] = len(deals)
            figures[f"{name}_amount"] = sum(deal.amount for deal in deals.values())
        chosen = f"sourced_{self._facts.terms.sourced}"
        return {**figures, "sourced": figures[chosen], "sourced_amount": figures[f"{chosen}_amount"]}

    def _credited(self, events: list[Event]) -> dict[str, Value]:
        keys = [event.key for event in events]
        figures: dict[str, Value] = {}
        for model in PRESETS:
            given = self._credits.given[model]
            figures |= {
                f"attributed_{model}": sum(given.value[key] for key in keys),
                f"attributed_{model}_collected": sum(given.collected[key] for key in keys),
                f"attributed_{model}_no_deal": sum(given.no_deal[key] for key in keys),
                f"credited_won_{model}": sum(given.won[key] for key in keys),
                f"credited_open_{model}": sum(given.open[key] for key in keys),
            }
        attributed = sum(self._credits.given[self._facts.terms.primary].value[key] for key in keys)
        new = sum(self._credits.new_business[key] for key in keys)
        return {
            **figures,
            "primary_model": self._facts.terms.primary,
            "attributed_new_business": new,
            "attributed_expansion": attributed - new,
        }

    def _usual_cycle(self) -> int:
        """The 80th percentile of the days from a won deal's first touch to its close."""
        lengths = []
        for deal in self._facts.world.opportunities:
            closed = self._facts.closed(deal)
            touches = self._journeys.of_deal(deal).touches
            if deal.is_won and closed and touches:
                lengths.append((closed - touches[0].day).days)
        return percentile(lengths, 80) if len(lengths) >= ENOUGH else ASSUMED_CYCLE

    def _returns(self, events: list[Event], figures: dict[str, Value]) -> dict[str, Value]:
        costs = [cost_of(self._facts, event)[0] for event in events]
        cost = _sum(costs)
        is_over = self._facts.world.as_of > max(event.end for event in events)
        keys = [event.key for event in events]
        given = self._credits.given[self._facts.terms.primary]
        value, collected, won, weighted = (
            sum(counted[key] for key in keys)
            for counted in (given.value, given.collected, given.won, given.weighted)
        )
        margin, indirect = self._facts.terms.gross_margin, self._facts.terms.indirect_share
        budget = figures["budget"]
        pipeline = figures["pipeline_created"]

        def counted(name: str) -> int:
            found = figures[name]
            return found if isinstance(found, int) else 0

        return {
            "cost": cost,
            "budget_variance": budget - cost if isinstance(budget, int) and cost is not None else None,
            "cost_fully_loaded": _scaled(cost, 1 + indirect) if cost and indirect else None,
            "cost_per_attendee": per(cost, counted("attended")),
            "cost_per_lead": per(cost, counted("leads_captured")),
            "cost_per_opportunity": per(cost, counted("opportunities_created")),
            "cost_per_new_customer": per(cost, counted("new_customers")),
            "pipeline_per_cost": ratio(counted("pipeline_created"), cost) if cost and pipeline else None,
            "roi_realised": roi(value, cost, is_over=is_over),
            "roi_collected": roi(collected, cost, is_over=is_over),
            "roi_margin": roi(_scaled(value, margin), cost, is_over=is_over) if margin is not None else None,
            "roi_closed_won": roi(won, cost, is_over=is_over),
            "roi_pipeline": roi(won + weighted, cost, is_over=is_over),
            "roi_without_largest": roi(value - self._largest(keys), cost, is_over=is_over),
            "roi_blank_reason": "no_cost" if not cost else None if is_over else "not_yet",
            **payback(_merged(self._credits.days, keys), cost),
            **payback(_merged(self._credits.days_collected, keys), cost, "_collected"),
        }

    def _largest(self, keys: list[str]) -> int:
        """Return what the account with the most credit has."""
        return max(_merged(self._credits.accounts, keys).values(), default=0)


def _merged(given: dict[str, Counter[T]], keys: list[str]) -> Counter[T]:
    whole: Counter[T] = Counter()
    for key in keys:
        whole.update(given.get(key, {}))
    return whole


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _scaled(value: int, by: Decimal) -> int:
    """Return a product, to the minor unit."""
    return rounded(value * by.as_integer_ratio()[0], by.as_integer_ratio()[1])
