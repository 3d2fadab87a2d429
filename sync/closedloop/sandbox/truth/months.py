"""The documents of each month, and what is open of them at its end (measures.md: the monthly tie-out)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import rounded
from closedloop.sandbox.truth.money import SIGN

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.money import Ledger, Worth
    from closedloop.sandbox.truth.results import Value


def month_figures(ledger: Ledger, as_of: date) -> dict[str, dict[str, Value]]:
    """Return the value and the open home amount of the documents, by the first day of each month with a document.

    Decided where the page is silent: open is the same part of a document's home gross as it is of its own gross.
    """
    counted = [worth for worth in ledger.worths.values() if worth.value is not None]
    found: dict[str, dict[str, Value]] = {}
    for first in sorted({worth.document.day.replace(day=1) for worth in counted}):
        following = (first + timedelta(days=31)).replace(day=1)
        last = min(following - timedelta(days=1), as_of)
        found[first.isoformat()] = {
            "documents_income": sum(
                worth.value or 0 for worth in counted if first <= worth.document.day <= last
            ),
            "documents_open": sum(_open(ledger, worth, last) for worth in counted),
        }
    return found


def _open(ledger: Ledger, worth: Worth, day: date) -> int:
    document = worth.document
    rest = ledger.open_at(document, day)
    if not rest or not document.gross:
        return 0
    return SIGN[document.kind] * rounded((document.home_gross or 0) * rest, document.gross)
