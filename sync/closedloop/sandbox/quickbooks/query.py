"""QuickBooks' query language: one entity, conditions that all hold, an order, a page, or a count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.books import ENTITIES, NAMES
from closedloop.sandbox.quickbooks.errors import QuickBooksError, bad_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedloop.sandbox.quickbooks.books import Oddities, Row

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<sign><=|>=|!=|=|<|>|\(|\)|,|\*)|(?P<word>[\w.\-:+]+))", re.DOTALL
)
_ENDS = {"ORDERBY", "ORDER", "STARTPOSITION", "MAXRESULTS"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    ">": lambda a, b: a is not None and a > b,
    "<=": lambda a, b: a is not None and a <= b,
    ">=": lambda a, b: a is not None and a >= b,
}
_BY_NAME = {name.lower(): name for name in ENTITIES}


@dataclass(slots=True, kw_only=True, frozen=True)
class Condition:
    """One condition: a property, an operator, and what it is compared with."""

    path: str
    operator: str
    values: tuple[str, ...]

    def holds(self, row: Row) -> bool:
        """Return whether it holds for an object."""
        found = _comparable(value_at(row, self.path), self.path)
        wanted = [_comparable(value, self.path) for value in self.values]
        if self.operator == "IN":
            return found in wanted
        if self.operator == "LIKE":
            return fnmatchcase(str(found or "").lower(), self.values[0].replace("%", "*").lower())
        return _COMPARE[self.operator](found, wanted[0])


@dataclass(slots=True, kw_only=True, frozen=True)
class Statement:
    """A statement as it was read."""

    entity: str
    is_count: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    most: int | None = None

    def matching(self, rows: Sequence[Row]) -> list[Row]:
        """Return every object that matches, in order; inactive names only where the conditions speak of them."""
        conditions = self.conditions
        hides = self.entity in NAMES and not any(one.path.lower() == "active" for one in conditions)
        found = [
            row
            for row in rows
            if not (hides and not row.get("Active", True)) and all(one.holds(row) for one in conditions)
        ]
        found.sort(key=lambda row: int(row["Id"]))
        for path, is_descending in reversed(self.order):
            found.sort(key=lambda row, path=path: _sortable(row, path), reverse=is_descending)  # type: ignore[misc]
        return found

    def page(self, rows: Sequence[Row], oddities: Oddities) -> list[Row]:
        """Return the page that the statement asks for."""
        most = oddities.default_rows if self.most is None else self.most
        return list(rows[self.start - 1 : self.start - 1 + min(most, oddities.most_rows)])


def parse(text: str) -> Statement:
    """Read a statement.

    Raises:
        QuickBooksError: It is none.
    """
    return _Reader(text).statement()


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place, text = 0, text.strip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise bad_query("Encountered an unexpected sign at", place)
            self.tokens.append(found[0].strip())
            place = found.end()
        self.place = 0

    def statement(self) -> Statement:
        self._take("SELECT")
        is_count = self._projection()
        entity = _BY_NAME.get(self._next().lower())
        if entity is None:
            raise QuickBooksError(
                400, "4001", "Invalid query", "The entity is not supported by the query service"
            )
        conditions = self._conditions() if self._accept("WHERE") else ()
        order = self._order()
        start = self._number("STARTPOSITION")
        most = self._number("MAXRESULTS")
        start = start or self._number("STARTPOSITION") or 1
        if self.place < len(self.tokens):
            raise bad_query("Encountered", self.tokens[self.place])
        return Statement(
            entity=entity, is_count=is_count, conditions=conditions, order=order, start=start, most=most
        )

    def _projection(self) -> bool:
        """Skip what is selected: everything is answered; say whether it is a count."""
        is_count = self.tokens[self.place : self.place + 1] != ["*"] and self._peek() == "COUNT"
        while self._peek() != "FROM":
            self._next()
        self._take("FROM")
        return is_count

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._accept("AND"):
            found.append(self._condition())
        if self._peek() == "OR":
            raise bad_query("OR is not supported")
        return tuple(found)

    def _condition(self) -> Condition:
        path, operator = self._next(), self._next().upper()
        if operator == "IN":
            self._take("(")
            values = [self._value()]
            while self._accept(","):
                values.append(self._value())
            self._take(")")
            return Condition(path=path, operator=operator, values=tuple(values))
        if operator not in {*_COMPARE, "LIKE"}:
            raise bad_query("no operator:", operator)
        return Condition(path=path, operator=operator, values=(self._value(),))

    def _value(self) -> str:
        found = self._next()
        if found.startswith("'"):
            return re.sub(r"\\(.)", r"\1", found[1:-1])
        return found

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if not (self._accept("ORDERBY") or (self._accept("ORDER") and self._accept("BY"))):
            return ()
        found = []
        while True:
            path = self._next()
            is_descending = self._accept("DESC")
            if not is_descending:
                self._accept("ASC")
            found.append((path, is_descending))
            if not self._accept(","):
                return tuple(found)

    def _number(self, word: str) -> int | None:
        if not self._accept(word):
            return None
        text = self._next()
        if not text.isdigit() or int(text) < 1:
            raise bad_query("must be a number from 1:", word)
        return int(text)

    def _peek(self) -> str:
        return self.tokens[self.place].upper() if self.place < len(self.tokens) else ""

    def _next(self) -> str:
        if self.place >= len(self.tokens):
            raise bad_query("Encountered the end")
        self.place += 1
        return self.tokens[self.place - 1]

    def _accept(self, word: str) -> bool:
        found = self._peek() == word
        self.place += found
        return found

    def _take(self, word: str) -> None:
        if not self._accept(word):
            raise bad_query("expected:", word)


def value_at(row: Any, path: str) -> Any:
    """Return a property by its path; spelling of capitals is free."""
    for part in path.split("."):
        if not isinstance(row, dict):
            return None
        row = next((value for name, value in row.items() if name.lower() == part.lower()), None)
    return row.get("value") if isinstance(row, dict) and "value" in row else row


def _comparable(value: Any, path: str) -> Any:
    if value is None:
        return None
    last = path.rpartition(".")[2].lower()
    if last.endswith("time"):
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise bad_query("a time is expected:", path) from error
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if last in {"active", "job"}:
        return str(value).lower() == "true"
    if last == "id" or isinstance(value, Decimal | int) or last.endswith(("amt", "balance")):
        try:
            return Decimal(str(value))
        except InvalidOperation as error:
            raise bad_query("a number is expected:", path) from error
    return str(value)


def _sortable(row: Row, path: str) -> tuple[bool, Any]:
    value = _comparable(value_at(row, path), path)
    return (value is not None, value if value is not None else "")
