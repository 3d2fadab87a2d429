"""SOQL, read: a statement becomes what it selects, from where, under which conditions, in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.errors import malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^'\\]|\\.)*')
  | (?P<time>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
  | (?P<day>\d{4}-\d{2}-\d{2})
  | (?P<number>[+-]?\d+(?:\.\d+)?)
  | (?P<word>[A-Za-z_][\w.]*(?::\d+)?)
  | (?P<mark><=|>=|!=|<>|=|<|>|\(|\)|,)
  )""",
    re.VERBOSE,
)
_FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

Value = str | Decimal | date | datetime | bool | None


class Relative(date):
    """A day counted from now, as ``TODAY``: unlike a day that is written down, a time may be held against it."""


@dataclass(slots=True, frozen=True)
class Column:
    """Something selected: a field or a path to a parent's, or a function of one.

    Args:
        path: The names from the object on; none for ``COUNT()``.
        function: In capitals; none for a plain field.
        alias: What the answer calls it.
    """

    path: tuple[str, ...]
    function: str | None = None
    alias: str | None = None


@dataclass(slots=True, frozen=True)
class Compare:
    """A field held against a value, a list of them, or the ids that another statement finds."""

    path: tuple[str, ...]
    operator: str
    value: Value | tuple[Value, ...] | Statement


@dataclass(slots=True, frozen=True)
class Join:
    """Conditions that must all hold, or one of them."""

    word: str
    parts: tuple[Condition, ...]


@dataclass(slots=True, frozen=True)
class Negation:
    """A condition that must not hold."""

    part: Condition


Condition = Compare | Join | Negation


@dataclass(slots=True, frozen=True)
class Order:
    """A field to sort by."""

    path: tuple[str, ...]
    descending: bool
    nulls_last: bool


@dataclass(slots=True, frozen=True, kw_only=True)
class Statement:
    """A whole statement."""

    columns: tuple[Column, ...]
    entity: str
    where: Condition | None = None
    group: tuple[tuple[str, ...], ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_count(self) -> bool:
        """Whether only the number of rows is asked for."""
        return len(self.columns) == 1 and self.columns[0] == Column((), "COUNT")

    @property
    def is_aggregate(self) -> bool:
        """Whether rows are put together."""
        return any(column.function and column.function != "FIELDS" for column in self.columns)


def parse(text: str, *, now: datetime) -> Statement:
    """Return what a statement means.

    Args:
        text: The statement.
        now: What ``TODAY`` and its like are counted from.

    Raises:
        RefusedError: It cannot be read.
    """
    parser = _Parser(text, now)
    found = parser.statement()
    if parser.peek()[1]:
        raise parser.unexpected()
    return found


class _Parser:
    """Walks over the tokens of one statement."""

    def __init__(self, text: str, now: datetime) -> None:
        self._text = text
        self._now = now
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[tuple[str, str, int]]:
        tokens: list[tuple[str, str, int]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                message = f"unexpected token: '{text[at : at + 20].strip()[:1]}' at column {at + 1}"
                raise malformed(message)
            tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            at = found.end()
        return tokens

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self._at + ahead
        return self._tokens[place][:2] if place < len(self._tokens) else ("end", "")

    def unexpected(self) -> Exception:
        token = self.peek()[1]
        column = self._tokens[self._at][2] + 1 if self._at < len(self._tokens) else len(self._text) + 1
        shown = f"unexpected token: '{token}'" if token else "unexpected token: '<EOF>'"
        return malformed(f"\n{self._text}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\n{shown}")

    def _is(self, *words: str) -> bool:
        kinds = [self.peek(place) for place in range(len(words))]
        return all(
            kind in {"word", "mark"} and value.upper() == word
            for (kind, value), word in zip(kinds, words, strict=True)
        )

    def _take(self, *words: str) -> bool:
        if not self._is(*words):
            return False
        self._at += len(words)
        return True

    def _demand(self, word: str) -> None:
        if not self._take(word):
            raise self.unexpected()

    def _next(self, kind: str) -> str:
        found, value = self.peek()
        if found != kind:
            raise self.unexpected()
        self._at += 1
        return value

    def _path(self) -> tuple[str, ...]:
        return tuple(self._next("word").split("."))

    def statement(self) -> Statement:
        self._demand("SELECT")
        columns = [self._column()]
        while self._take(","):
            columns.append(self._column())
        self._demand("FROM")
        entity = self._next("word")
        where = self._any() if self._take("WHERE") else None
        group = self._paths() if self._take("GROUP", "BY") else ()
        order = self._orders() if self._take("ORDER", "BY") else ()
        limit = int(self._next("number")) if self._take("LIMIT") else None
        offset = int(self._next("number")) if self._take("OFFSET") else 0
        return Statement(
            columns=tuple(columns),
            entity=entity,
            where=where,
            group=group,
            order=order,
            limit=limit,
            offset=offset,
        )

    def _column(self) -> Column:
        name = self._next("word")
        if not self._take("("):
            return Column(tuple(name.split(".")))
        function = name.upper()
        if function not in _FUNCTIONS | {"FIELDS"}:
            raise self.unexpected()
        path = () if self._is(")") else self._path()
        self._demand(")")
        known = self.peek()
        alias = self._next("word") if known[0] == "word" and known[1].upper() != "FROM" else None
        return Column(path, function, alias)

    def _paths(self) -> tuple[tuple[str, ...], ...]:
        found = [self._path()]
        while self._take(","):
            found.append(self._path())
        return tuple(found)

    def _orders(self) -> tuple[Order, ...]:
        found = [self._order()]
        while self._take(","):
            found.append(self._order())
        return tuple(found)

    def _order(self) -> Order:
        path = self._path()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        last = False
        if self._take("NULLS"):
            last = self._take("LAST")
            if not last:
                self._demand("FIRST")
        return Order(path, descending, last)

    def _any(self) -> Condition:
        """Read conditions; as in Salesforce, AND and OR do not mix without parentheses."""
        parts = [self._one()]
        word = "AND" if self._is("AND") else "OR"
        while self._take(word):
            parts.append(self._one())
        if self._is("AND") or self._is("OR"):
            raise self.unexpected()
        return parts[0] if len(parts) == 1 else Join(word, tuple(parts))

    def _one(self) -> Condition:
        if self._take("NOT"):
            return Negation(self._one())
        if self._take("("):
            inner = self._any()
            self._demand(")")
            return inner
        path = self._path()
        if self._take("NOT", "IN"):
            return Compare(path, "NOT IN", self._list())
        if self._take("IN"):
            return Compare(path, "IN", self._list())
        if self._take("LIKE"):
            return Compare(path, "LIKE", self._value())
        operator = self._next("mark")
        if operator not in {"=", "!=", "<>", "<", "<=", ">", ">="}:
            self._at -= 1
            raise self.unexpected()
        return Compare(path, "!=" if operator == "<>" else operator, self._value())

    def _list(self) -> tuple[Value, ...] | Statement:
        self._demand("(")
        if self._is("SELECT"):
            inner = self.statement()
            self._demand(")")
            return inner
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._demand(")")
        return tuple(values)

    def _value(self) -> Value:
        kind, value = self.peek()
        self._at += 1
        if kind == "text":
            return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), value[1:-1])
        if kind == "number":
            return Decimal(value)
        if kind == "time":
            return read_time(value)
        if kind == "day":
            return date.fromisoformat(value)
        if kind == "word":
            return self._word(value.upper())
        self._at -= 1
        raise self.unexpected()

    def _word(self, word: str) -> Value:
        known: dict[str, Value] = {"TRUE": True, "FALSE": False, "NULL": None}
        if word in known:
            return known[word]
        name, _, number = word.partition(":")
        days = {"TODAY": 0, "YESTERDAY": 1, "LAST_N_DAYS": int(number or 0)}.get(name)
        if days is None:
            self._at -= 1
            raise self.unexpected()
        return Relative.fromordinal(self._now.toordinal() - days)


def read_time(text: str) -> datetime:
    """Return a time as Salesforce writes or takes it, aware, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def walks(condition: Condition | None) -> Sequence[Compare]:
    """Return the comparisons of a condition, wherever they stand in it."""
    if condition is None:
        return []
    if isinstance(condition, Compare):
        return [condition]
    parts = condition.parts if isinstance(condition, Join) else (condition.part,)
    return [found for part in parts for found in walks(part)]
