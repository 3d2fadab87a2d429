"""What the split gives to each event, under every model (measures 12, 13 and 15)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import rounded
from closedloop.sandbox.truth.models import share, weights

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.journeys import Journeys
    from closedloop.sandbox.truth.models import Journey
    from closedloop.sandbox.truth.money import Ledger
    from closedloop.sandbox.truth.results import DocumentFigure, Part


@dataclass(slots=True, kw_only=True)
class Given:
    """What one model gave: by event, and by (document, event)."""

    value: Counter[str] = field(default_factory=Counter)
    collected: Counter[str] = field(default_factory=Counter)
    no_deal: Counter[str] = field(default_factory=Counter)
    won: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    weighted: Counter[str] = field(default_factory=Counter)
    pairs: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


class Credits:
    """Splits every document and every won or open amount, under every model."""

    def __init__(
        self, facts: Facts, ledger: Ledger, journeys: Journeys, documents: dict[str, DocumentFigure]
    ) -> None:
        self._facts = facts
        self.given = {name: Given() for name in facts.terms.models}
        #: Of the primary model: event → account → money, and event → day → money that came on it.
        self.accounts: dict[str, Counter[str]] = {}
        self.accounts_collected: dict[str, Counter[str]] = {}
        self.days: dict[str, Counter[date]] = {}
        self.days_collected: dict[str, Counter[date]] = {}
        self.new_business: Counter[str] = Counter()
        for key, figure in documents.items():
            for part in figure.parts:
                self._document(key, part)
                if part.bucket == "credited":
                    self._primary(figure.account or "", ledger.worths[key].document.day, part)
        self._deals(journeys)

    def _shares(self, model: str, value: int, journey: Journey | None) -> list[tuple[str, int]]:
        if journey is None or not journey.touches:
            return []
        events = [touch.event for touch in journey.touches]
        given = weights(self._facts.terms.models[model], journey)
        return list(
            zip(events, share(value, given, [self._facts.order(event) for event in events]), strict=True)
        )

    def _document(self, key: str, part: Part) -> None:
        for model, given in self.given.items():
            values = self._shares(model, part.value, part.journey)
            collected = dict(self._shares(model, part.collected, part.journey))
            for event, value in values:
                if part.bucket == "no_deal":
                    given.no_deal[event] += value
                elif part.bucket == "credited":
                    given.value[event] += value
                    given.collected[event] += collected[event]
                    held = given.pairs.get((key, event), (0, 0))
                    given.pairs[key, event] = (held[0] + value, held[1] + collected[event])

    def _primary(self, account: str, day: date, part: Part) -> None:
        primary = self._facts.terms.primary
        for event, value in self._shares(primary, part.value, part.journey):
            self.accounts.setdefault(event, Counter())[account] += value
            self.days.setdefault(event, Counter())[day] += value
            self.new_business[event] += value if part.is_new_business else 0
        before: dict[str, int] = {}
        for when, received in part.receipts:
            now = dict(self._shares(primary, received, part.journey))
            for event, value in now.items():
                self.days_collected.setdefault(event, Counter())[when] += value - before.get(event, 0)
                self.accounts_collected.setdefault(event, Counter())[account] += value - before.get(event, 0)
            before = now

    def _deals(self, journeys: Journeys) -> None:
        for deal in self._facts.world.opportunities:
            if deal.is_closed and not deal.is_won:
                continue
            journey = journeys.of_deal(deal)
            for model, given in self.given.items():
                for event, value in self._shares(model, deal.amount, journey):
                    if deal.is_won:
                        given.won[event] += value
                    else:
                        given.open[event] += value
                        given.weighted[event] += rounded(value * deal.probability, 100)
