"""What the API answers, apart from HTTP: queries, counts, CDC, batches, single objects and changes to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.books import CAPTURED, ENTITIES, changed_at
from closedloop.sandbox.quickbooks.errors import QuickBooksError, bad_query
from closedloop.sandbox.quickbooks.query import parse
from closedloop.sandbox.quickbooks.reports import report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.odoo.faults import Fault, Faults
    from closedloop.sandbox.quickbooks.books import Books, Row
    from closedloop.sandbox.quickbooks.query import Statement

#: What not everybody may see.
_GUARDED = ("JournalEntry",)
_BY_PATH = {name.lower(): name for name in ENTITIES}


@dataclass(slots=True, kw_only=True)
class Service:
    """One company's API.

    Args:
        books: The company.
        faults: What goes wrong on demand; ``model`` is the entity, ``method`` is ``query`` or ``cdc``.
    """

    books: Books
    faults: Faults

    def query(self, text: str) -> dict[str, Any]:
        """Answer a statement; without any object the answer is empty."""
        statement = parse(text)
        self._allow(statement.entity)
        with self.books.lock:
            rows = statement.matching(list(self.books.tables[statement.entity].values()))
            if statement.is_count:
                return {"QueryResponse": {"totalCount": len(rows)}}
            page = self._spoilt(statement, rows)
            printed = [self._printed(row) for row in page]
        if not printed:
            return {"QueryResponse": {}}
        return {
            "QueryResponse": {
                statement.entity: printed,
                "startPosition": statement.start,
                "maxResults": len(printed),
            }
        }

    def _spoilt(self, statement: Statement, rows: list[Row]) -> list[Row]:
        """Return the page, after the faults of the data have had their way with it."""
        for fault in self.faults.of_the_data("books", statement.entity, "query"):
            if fault.strikes():
                spoil = _SPOILERS[fault.kind]
                spoilt = spoil(fault, statement, rows, self.books)
                if fault.kind in {"short_page", "repeat_page"}:
                    return spoilt
                rows = spoilt
            elif fault.kind == "repeat_page":
                fault.page = [int(row["Id"]) for row in statement.page(rows, self.books.oddities)]
        return statement.page(rows, self.books.oddities)

    def capture(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Answer a CDC request.

        Raises:
            QuickBooksError: An entity is not captured, or the time is out of reach.
        """
        names = [_BY_PATH.get(name.strip().lower(), name) for name in given.get("entities", "").split(",")]
        unknown = [name for name in names if name not in CAPTURED]
        if unknown:
            raise QuickBooksError(400, "2010", "Request has invalid or unsupported property", unknown[0])
        for name in names:
            self._allow(name)
        since = _moment(given.get("changedSince", ""))
        if since < self.books.reach():
            detail = "changedSince can be at most 30 days ago"
            raise QuickBooksError(400, "2010", "Request has invalid or unsupported property", detail)
        left = self.books.oddities.most_changes
        answers: list[dict[str, Any]] = []
        for name in names:
            rows = self._captured(name, since)[:left]
            left -= len(rows)
            printed = [self._printed(row) for row in rows]
            places = {"startPosition": 1, "maxResults": len(rows), "totalCount": len(rows)}
            answers.append({name: printed, **places} if rows else {})
        return {"CDCResponse": [{"QueryResponse": answers}]}

    def _captured(self, entity: str, since: datetime) -> list[Row]:
        rows = self.books.changes(entity, since)
        for fault in self.faults.of_the_data("books", entity, "cdc"):
            if fault.kind in {"drop_row", "freeze_cursor"} and fault.strikes():
                rows = _SPOILERS[fault.kind](fault, None, rows, self.books)
        return rows

    def batch(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a batch: each item on its own."""
        items = given.get("BatchItemRequest") or []
        if len(items) > self.books.oddities.most_in_batch:
            raise QuickBooksError(400, "1040", "Batch size exceeded", "Too many batch items")
        return {"BatchItemResponse": [self._item(item) for item in items]}

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        head = {"bId": item.get("bId")}
        try:
            if "Query" in item:
                return {**self.query(item["Query"]), **head}
            entity = next((name for name in item if name in ENTITIES), "batch item")
            return {**self.change(entity, item.get(entity) or {}, item.get("operation", "create")), **head}
        except QuickBooksError as error:
            return {**error.fault(), **head}

    def report(self, name: str, given: Mapping[str, str]) -> dict[str, Any]:
        """Answer a request for a report.

        Raises:
            QuickBooksError: Who consented may not see it, or there is no such report.
        """
        self._allow("JournalEntry")
        with self.books.lock:
            return report(self.books, name, given)

    def _allow(self, entity: str) -> None:
        if entity in _GUARDED and not self.books.oddities.shows_reports:
            raise QuickBooksError(403, "5020", "Permission Denied Error", "You do not have permission.")

    def one(self, name: str, key: str) -> dict[str, Any]:
        """Return one object by its entity's lower-case name and its id."""
        entity = self._entity(name)
        return {entity: self._printed(self.books.find(entity, "1" if entity == "CompanyInfo" else key))}

    def change(self, name: str, values: dict[str, Any], operation: str) -> dict[str, Any]:
        """Create, update, void or delete an object.

        Raises:
            QuickBooksError: It does not exist, it has changed meanwhile, or it cannot be done to it.
        """
        entity = self._entity(name)
        key = str(values.get("Id") or "")
        with self.books.lock:
            if not key:
                made = self.books.add(entity, totalled(entity, values))
                return {entity: self._printed(self.books.find(entity, made))}
            row = self.books.find(entity, key)
            if str(values.get("SyncToken", row["SyncToken"])) != row["SyncToken"]:
                detail = "Stale Object Error : You and another user were working on this at the same time."
                raise QuickBooksError(400, "5010", "Stale Object Error", detail)
            if operation == "delete":
                return {entity: self.books.delete(entity, key)}
            if operation == "void":
                return {entity: self._printed(self.books.void(entity, key))}
            return {entity: self._printed(self.books.edit(entity, key, totalled(entity, {**row, **values})))}

    def _entity(self, name: str) -> str:
        entity = _BY_PATH.get(name.lower())
        if entity is None:
            raise QuickBooksError(400, "500", "Unsupported Operation", f"Operation {name} is not supported.")
        return entity

    def _printed(self, row: Row) -> Row:
        return _texts(row) if self.books.oddities.amounts_as_text else dict(row)


def totalled(entity: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a transaction with the total and the balance that its lines make, as QuickBooks computes them."""
    lines = values.get("Line")
    if entity not in {"Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Bill"} or not lines:
        return values
    sold = sum(
        (_number(line.get("Amount")) for line in lines if "SubTotal" not in line["DetailType"]), Decimal(0)
    )
    tax = _number((values.get("TxnTaxDetail") or {}).get("TotalTax"))
    total = sold + tax
    is_open = entity in {"Invoice", "CreditMemo", "Bill"}
    return {
        "TxnTaxDetail": {"TotalTax": tax},
        **values,
        "TotalAmt": total,
        "Balance": total if is_open else Decimal(0),
    }


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def _texts(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    return [_texts(one) for one in value] if isinstance(value, list) else value


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_query("changedSince is a time") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _drop(fault: Fault, _statement: Statement | None, rows: list[Row], _books: Books) -> list[Row]:
    if not fault.ids and rows:
        fault.ids = [int(rows[len(rows) // 2]["Id"])]
    return [row for row in rows if int(row["Id"]) not in fault.ids]


def _freeze(fault: Fault, _statement: Statement | None, rows: list[Row], books: Books) -> list[Row]:
    since = datetime.fromisoformat(fault.since) if fault.since else books.now() - timedelta(days=30)
    since = since.replace(tzinfo=UTC) if since.tzinfo is None else since
    return [row for row in rows if changed_at(row) <= since]


def _short(_fault: Fault, statement: Statement | None, rows: list[Row], books: Books) -> list[Row]:
    page = statement.page(rows, books.oddities) if statement else rows
    return page[: len(page) // 2]


def _repeat(fault: Fault, statement: Statement | None, rows: list[Row], books: Books) -> list[Row]:
    if fault.page is None:
        return statement.page(rows, books.oddities) if statement else rows
    known = {int(row["Id"]): row for row in books.tables[statement.entity].values()} if statement else {}
    return [known[key] for key in fault.page if key in known]


_SPOILERS: dict[str, Callable[[Fault, Statement | None, list[Row], Books], list[Row]]] = {
    "drop_row": _drop,
    "freeze_cursor": _freeze,
    "short_page": _short,
    "repeat_page": _repeat,
}
