"""Listings: what changed, in which order, on which page; and the faults of the data."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.xero.books import KEYS, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.odoo.faults import Fault, Faults
    from closedloop.sandbox.xero.options import Options

PAGED = frozenset(
    {
        "Contacts",
        "Invoices",
        "CreditNotes",
        "Payments",
        "Prepayments",
        "Overpayments",
        "ManualJournals",
        "BankTransactions",
    }
)
#: Left out of answers to requests without a page.
_ONLY_WHOLE = {"LineItems", "JournalLines", "ContactPersons", "ContactGroups", "MergedToContactID", "Website"}
_SIZE, _MOST = 100, 1000
_TERM = re.compile(
    r'\s*([\w.]+)\s*(==|!=|>=|<=|>|<)\s*(?:"([^"]*)"|[Gg]uid\("([^"]*)"\)|DateTime\(([\d,\s]+)\))\s*'
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}


class QueryError(Exception):
    """Xero refuses the query: its own name for that, and a message."""


class Listings:
    """Answers requests for lists.

    Args:
        options: Switches.
        faults: What goes wrong.
    """

    def __init__(self, options: Options, faults: Faults) -> None:
        self._options = options
        self._faults = faults
        self.lock = threading.RLock()
        self._kept: dict[int, list[Row]] = {}

    def answer(self, name: str, table: Mapping[str, Row], query: Mapping[str, str], since: str | None) -> Row:
        """Return the listing's part of an answer: its rows, and pagination where a page was asked for.

        Raises:
            QueryError: The query is wrong.
        """
        rows = self._filtered(name, [*table.values()], query, since)
        rows = _ordered(rows, query.get("order") or "UpdatedDateUTC ASC")
        if name not in PAGED or "page" not in query:
            shown = [{key: value for key, value in row.items() if key not in _ONLY_WHOLE} for row in rows]
            return {name: shown if name in PAGED else rows}
        page, size = _number(query, "page", 1), _number(query, "pageSize", _SIZE)
        if size > _MOST:
            raise QueryError("ValidationException", f"pageSize may be up to {_MOST}")
        shown, total = self._spoilt(name, rows, page, size)
        if not self._options.has_pagination:
            return {name: shown}
        pages = -(-total // size) if total else 1
        return {
            "pagination": {"page": page, "pageSize": size, "pageCount": pages, "itemCount": total},
            name: shown,
        }

    def _filtered(self, name: str, rows: list[Row], query: Mapping[str, str], since: str | None) -> list[Row]:
        moment = _moment(since)
        if moment is not None:
            rows = [row for row in rows if self._changed(row, moment)]
        if name == "Contacts" and query.get("includeArchived", "").lower() != "true":
            rows = [row for row in rows if row["ContactStatus"] != "ARCHIVED"]
        if not self._options.lists_deleted:
            rows = [row for row in rows if row.get("Status") != "DELETED"]
        for given, field in (
            ("IDs", KEYS[name]),
            ("Statuses", "Status"),
            ("ContactIDs", "Contact.ContactID"),
        ):
            if wanted := {one for one in query.get(given, "").split(",") if one}:
                rows = [row for row in rows if _at(row, field) in wanted]
        if query.get("where"):
            tests = _tests(query["where"])
            rows = [row for row in rows if all(test(row) for test in tests)]
        return rows

    def _changed(self, row: Row, since: datetime) -> bool:
        changed = row.get("UpdatedDateUTC")
        if changed is None:
            return True
        return bool(changed >= since if self._options.is_inclusive else changed > since)

    def _spoilt(self, name: str, rows: list[Row], page: int, size: int) -> tuple[list[Row], int]:
        """Return the page as the faults leave it, with the true count."""
        shown, total = rows, len(rows)
        start = (page - 1) * size
        faults = self._faults.of_the_data("xero", name, "list")
        for fault in faults:
            if fault.kind == "drop_row" and rows and fault.strikes():
                shown = self._without(shown, fault, size)
            elif fault.kind == "freeze_cursor" and fault.strikes():
                shown = shown[: max(1, len(shown) // 2)]
        found = shown[start : start + size]
        for fault in faults:
            if fault.kind == "short_page" and len(found) > 1 and fault.strikes():
                found = found[:-1]
            elif fault.kind == "repeat_page":
                found = self._repeated(found, fault)
        return found, total

    def _without(self, rows: list[Row], fault: Fault, size: int) -> list[Row]:
        """Hide one row, the same in every listing: the middle one of the first page it struck."""
        [hidden] = self._kept.setdefault(id(fault), [rows[min(len(rows), size) // 2]])
        return [row for row in rows if row is not hidden]

    def _repeated(self, found: list[Row], fault: Fault) -> list[Row]:
        """Answer with the page before."""
        before = self._kept.get(id(fault))
        if fault.strikes() and before:
            return before
        self._kept[id(fault)] = found
        return found


def _moment(since: str | None) -> datetime | None:
    """Read If-Modified-Since in either form, in whole seconds; what cannot be read is ignored, as Xero does."""
    if not since:
        return None
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        try:
            moment = parsedate_to_datetime(since)
        except ValueError:
            return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)


def _ordered(rows: list[Row], order: str) -> list[Row]:
    field, _, direction = order.strip().partition(" ")
    lowest = datetime(1, 1, 1, tzinfo=UTC) if field.endswith("UTC") else ""

    def value(row: Row) -> Any:
        found = _at(row, field)
        return lowest if found is None else found if isinstance(found, datetime) else str(found)

    return sorted(rows, key=value, reverse=direction.upper() == "DESC")


def _tests(where: str) -> list[Callable[[Row], bool]]:
    found = [_TERM.fullmatch(term) for term in re.split(r"\s+AND\s+|&&", where)]
    return [_test(term) for term in found if _given(term)]


def _given(term: re.Match[str] | None) -> bool:
    if term is None:
        raise QueryError("QueryParseException", "the where clause cannot be read")
    return True


def _test(term: re.Match[str] | None) -> Callable[[Row], bool]:
    field, operator, text, guid, moment = term.groups() if term else ("", "", "", "", "")
    compare = _COMPARE[operator]
    if moment is None:
        return lambda row: compare(str(_at(row, field)), text if guid is None else guid)
    wanted = datetime(*(int(part) for part in moment.split(",")), tzinfo=UTC)  # type: ignore[arg-type, misc]

    def test(row: Row) -> bool:
        found = _at(row, field)
        if isinstance(found, date) and not isinstance(found, datetime):
            found = datetime(found.year, found.month, found.day, tzinfo=UTC)
        return found is not None and compare(found, wanted)

    return test


def _at(row: Any, way: str) -> Any:
    for step in way.split("."):
        row = row.get(step) if isinstance(row, dict) else None
    return row


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise QueryError("ValidationException", f"{name} is no number of a page")
    return int(text)
