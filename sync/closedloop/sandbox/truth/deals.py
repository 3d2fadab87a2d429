"""The deal of a document (measure 10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import rounded
from closedloop.sandbox.truth.money import SIGN

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.truth.money import Ledger, Worth
    from closedloop.sandbox.world import Document, Opportunity

BEFORE, AFTER = timedelta(days=400), timedelta(days=30)


@dataclass(slots=True, kw_only=True, frozen=True)
class Deal:
    """The deal that a document follows, and by which rule."""

    key: str | None = None
    rule: str = "none"


@dataclass(slots=True, kw_only=True, frozen=True)
class Piece:
    """A piece of a document: signed home money, its deal, the document whose journey it has.

    ``when`` is the day on which a piece of a credit note settled what it was used for, and ``collected`` what it then
    took back.
    """

    value: int
    deal: Deal
    source: Document
    when: date | None = None
    collected: int = 0


class Deals:
    """Finds the deal of every document of a ledger.

    Decided where the page is silent: rules (c), (d) and (e) are for invoices and sales receipts only; (c) takes over
    a deal found by (a), (c) or (d), from the latest earlier document of the subscription that has one; the number in
    the field made for it counts everywhere, a number or purchase order in free text on the account's own deals; a
    document whose customer has no account has no deal; the two per cent are of the deal's
    amount, and what is held against it is the whole net, deposits too; what (a) to (d) cover is the sum of invoices and sales receipts, as in the chain: a credit note does not
    make room for another invoice.
    """

    def __init__(self, facts: Facts, ledger: Ledger) -> None:
        self._facts = facts
        self._ledger = ledger
        self._deals = {deal.key: deal for deal in facts.world.opportunities}
        self._by_number = {deal.number: deal for deal in facts.world.opportunities}
        self._by_po: dict[str, list[Opportunity]] = {}
        self._won: dict[str | None, list[Opportunity]] = {}
        for deal in facts.world.opportunities:
            if deal.po:
                self._by_po.setdefault(deal.po, []).append(deal)
            if deal.is_won:
                self._won.setdefault(facts.account(deal.account), []).append(deal)
        self._certain: dict[str, Deal] = {}
        self._find_certain()
        self._covered = self._cover()
        self._final = {key: self._with_guess(key) for key in ledger.worths}

    def of(self, key: str) -> Deal:
        """Return the deal of a counted document by the rules without allocation parts."""
        return self._final.get(key, Deal())

    def get(self, key: str) -> Opportunity:
        """Return a deal."""
        return self._deals[key]

    def _find_certain(self) -> None:
        last: dict[str, Deal] = {}
        for worth in sorted(self._ledger.worths.values(), key=self._order):
            document = worth.document
            found = self._referenced(worth) if worth.account else Deal()
            if found.key is None and SIGN[document.kind] > 0:
                if document.repeating and document.repeating in last:
                    found = Deal(key=last[document.repeating].key, rule="repeating")
                else:
                    found = self._equal(worth)
            self._certain[document.key] = found
            if document.repeating and found.key:
                last[document.repeating] = found
        for worth in self._ledger.worths.values():
            credited = worth.document.credited
            if credited and self._certain[worth.document.key].key is None:
                inherited = self._certain.get(credited, Deal()).key
                self._certain[worth.document.key] = Deal(
                    key=inherited, rule="credited" if inherited else "none"
                )

    def _order(self, worth: Worth) -> tuple[date, bytes]:
        return worth.document.day, self._facts.order(worth.document.key)

    def _referenced(self, worth: Worth) -> Deal:
        document = worth.document
        if document.opportunity_number in self._by_number:
            return Deal(key=self._by_number[document.opportunity_number].key, rule="reference")
        texts = {text for text in (document.opportunity_number, document.reference, document.po) if text}
        named = [
            deal
            for text in sorted(texts)
            for deal in (*self._by_po.get(text, []), *(one for one in [self._by_number.get(text)] if one))
            if self._facts.account(deal.account) == worth.account
        ]
        return Deal(key=named[0].key, rule="reference") if named else Deal()

    def _equal(self, worth: Worth) -> Deal:
        net = worth.document.home_net or 0
        equal = [
            deal for deal in self._closed_around(worth, AFTER) if 50 * abs(net - deal.amount) <= deal.amount
        ]
        return Deal(key=equal[0].key, rule="amount") if len(equal) == 1 else Deal()

    def _closed_around(self, worth: Worth, after: timedelta) -> list[Opportunity]:
        if worth.account is None:
            return []
        day = worth.document.day
        return [
            deal
            for deal in self._won.get(worth.account, [])
            if (closed := self._facts.closed(deal)) and day - BEFORE <= closed <= day + after
        ]

    def _cover(self) -> dict[str, int]:
        covered: dict[str, int] = {}
        for worth in self._ledger.worths.values():
            deal = self._certain[worth.document.key].key
            if deal and SIGN[worth.document.kind] > 0:
                covered[deal] = covered.get(deal, 0) + (worth.document.home_net or 0)
        return covered

    def _with_guess(self, key: str) -> Deal:
        worth = self._ledger.worths[key]
        certain = self._certain[key]
        if worth.document.credited and certain.key is None:
            credited = self._ledger.worths.get(worth.document.credited)
            guessed = (
                self._guess(credited)
                if credited and self._certain[credited.document.key].key is None
                else certain
            )
            return Deal(key=guessed.key, rule="credited" if guessed.key else "none")
        if certain.key is None and SIGN[worth.document.kind] > 0:
            return self._guess(worth)
        return certain

    def _guess(self, worth: Worth) -> Deal:
        """Rule (e): the newest won deal that the certain rules leave uncovered."""
        uncovered = [
            deal
            for deal in self._closed_around(worth, timedelta(0))
            if 50 * self._covered.get(deal.key, 0) < 49 * deal.amount
        ]
        if not uncovered:
            return Deal()
        newest = max(self._facts.closed(deal) or self._facts.world.as_of for deal in uncovered)
        tied = [deal for deal in uncovered if self._facts.closed(deal) == newest]
        return Deal(key=min(tied, key=lambda deal: self._facts.order(deal.key)).key, rule="guessed")

    def pieces(self, worth: Worth) -> list[Piece]:
        """Return the pieces of a document, each with the deal and the document whose journey it has (rule 10 b)."""
        document, value = worth.document, worth.value or 0
        own = self._final[document.key]
        if SIGN[document.kind] > 0:
            return [Piece(value=value, deal=own, source=document)]
        if document.credited in self._ledger.worths:
            return [Piece(value=value, deal=own, source=self._ledger.worths[document.credited].document)]
        if own.key is not None:
            return [Piece(value=value, deal=own, source=document)]
        return self._allocated(worth)

    def _allocated(self, worth: Worth) -> list[Piece]:
        document, value = worth.document, worth.value or 0
        pieces: list[Piece] = []
        used = done = taken = 0
        whole = abs(value + worth.written_off)
        allocations = sorted(
            (one for one in self._ledger.used.get(document.key, []) if one.document in self._ledger.worths),
            key=lambda one: (self._ledger.effective(one), self._facts.order(one.document)),
        )
        for allocation in allocations:
            used += allocation.amount
            upto = rounded(abs(value) * used, document.gross)
            invoice = self._ledger.worths[allocation.document].document
            inherited = self._final[invoice.key].key
            deal = Deal(key=inherited, rule="credited" if inherited else "none")
            when = self._ledger.effective(allocation)
            back = rounded(whole * used, document.gross)
            pieces.append(
                Piece(value=done - upto, deal=deal, source=invoice, when=when, collected=taken - back)
            )
            done, taken = upto, back
        if taken < whole or not pieces:
            pieces.append(Piece(value=done - abs(value), deal=Deal(), source=document))
        return pieces
