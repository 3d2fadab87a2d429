"""Which events a document's value goes to, and which bucket (measures 11 to 13, equal weights)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.results import DocumentFigure, Part

if TYPE_CHECKING:
    from closedloop.sandbox.truth.deals import Deal, Deals
    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.journeys import Journeys
    from closedloop.sandbox.truth.money import Ledger, Worth
    from closedloop.sandbox.world import Document, Opportunity

NEW_BUSINESS = timedelta(days=30)


class Attribution:
    """Puts every counted document into its bucket and its events."""

    def __init__(self, facts: Facts, ledger: Ledger, deals: Deals, journeys: Journeys) -> None:
        self._facts = facts
        self._ledger = ledger
        self._deals = deals
        self._journeys = journeys

    def figure(self, worth: Worth) -> DocumentFigure:
        """Return a document's value with its parts."""
        if worth.value is None:
            return DocumentFigure(
                value=0, collected=0, account=worth.account, state="not_convertible", parts=()
            )
        parts: list[Part] = []
        left = worth.collected
        pieces = self._deals.pieces(worth)
        for place, (value, deal, source) in enumerate(pieces, start=1):
            # What a credit note has been used for is settled by that very use; the rest takes what else was settled.
            collected = left if place == len(pieces) else value
            left -= collected
            parts.append(self._part(worth, value, collected, deal, source))
        return DocumentFigure(
            value=worth.value,
            collected=worth.collected,
            account=worth.account,
            state="counted",
            parts=tuple(parts),
        )

    def _part(self, worth: Worth, value: int, collected: int, deal: Deal, source: Document) -> Part:
        found = self._deals.get(deal.key) if deal.key else None
        is_new = False
        events: tuple[str, ...] = ()
        if worth.account:
            events = tuple(touch.event for touch in self._journeys.of_document(worth.account, source, found))
            first = self._ledger.first_positive.get(worth.account)
            began = self._facts.day(found.created_at) if found else source.day
            is_new = first is not None and began <= first + NEW_BUSINESS
        return Part(
            value=value,
            collected=collected,
            deal=deal.key,
            rule=deal.rule,
            source=source.key,
            is_new_business=is_new,
            bucket=_bucket(worth.account, events, found, is_new=is_new),
            events=events,
        )


def _bucket(account: str | None, events: tuple[str, ...], deal: Opportunity | None, *, is_new: bool) -> str:
    """Measure 13. A document without any touch is ``no_touch``, also when it has no deal."""
    if account is None:
        return "unlinked"
    if not events:
        return "no_touch"
    return "credited" if deal or is_new else "no_deal"
