"""Which events a document's value goes to, and which bucket (measures 11 to 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.results import DocumentFigure, Part

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.deals import Deals, Piece
    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.journeys import Journeys
    from closedloop.sandbox.truth.money import Ledger, Worth
    from closedloop.sandbox.world import Opportunity

NEW_BUSINESS = timedelta(days=30)


class Attribution:
    """Puts every counted document into its bucket and its events.

    Decided where the page is silent: an account without any positive document has not bought yet, so all of it is new
    business, as it will be once the first one is there.
    """

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
        pieces = self._deals.pieces(worth)
        return DocumentFigure(
            value=worth.value,
            collected=worth.collected,
            account=worth.account,
            state="counted",
            parts=tuple(
                self._part(worth, piece, receipts)
                for piece, receipts in zip(pieces, _receipts(worth, pieces), strict=True)
            ),
        )

    def _part(self, worth: Worth, piece: Piece, receipts: tuple[tuple[date, int], ...]) -> Part:
        """Return a piece with its bucket; a credit note has the journey and the newness of what it credits.

        That is so whatever deal the note names itself: it takes back where its invoice gave.
        """
        deal, source = piece.deal, piece.source
        found = self._deals.get(deal.key) if deal.key else None
        if source.key != worth.document.key:
            given = self._deals.of(source.key).key
            found = self._deals.get(given) if given else None
        whose = self._ledger.worths[source.key].account
        journey = self._journeys.of_document(whose, source, found) if worth.account and whose else None
        first = self._ledger.first_positive.get(whose or "")
        began = self._facts.day(found.created_at) if found else source.day
        is_new = first is None or began <= first + NEW_BUSINESS
        has_touch = journey is not None and bool(journey.touches)
        return Part(
            value=piece.value,
            collected=receipts[-1][1] if receipts else 0,
            deal=deal.key,
            rule=deal.rule,
            source=source.key,
            is_new_business=is_new,
            bucket=_bucket(worth.account, found, has_touch=has_touch, is_new=is_new),
            events=tuple(touch.event for touch in journey.touches) if journey else (),
            journey=journey,
            receipts=receipts,
        )


def _receipts(worth: Worth, pieces: list[Piece]) -> list[tuple[tuple[date, int], ...]]:
    """Cut what was collected of a document by the end of each day over its pieces.

    What a credit note has been used for is settled by that very use; the last piece takes what else was settled.
    """
    *used, _ = pieces
    cut: list[tuple[tuple[date, int], ...]] = [
        ((piece.when, piece.collected),) if piece.when and piece.when <= worth.receipts[-1][0] else ()
        for piece in used
    ]
    last = tuple(
        (day, whole - sum(piece.collected for piece in used if piece.when and piece.when <= day))
        for day, whole in worth.receipts
    )
    return [*cut, last]


def _bucket(account: str | None, deal: Opportunity | None, *, has_touch: bool, is_new: bool) -> str:
    """Measure 13. A document without any touch is ``no_touch``, also when it has no deal."""
    if account is None:
        return "unlinked"
    if not has_touch:
        return "no_touch"
    return "credited" if deal or is_new else "no_deal"
