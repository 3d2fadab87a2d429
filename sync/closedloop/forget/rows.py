"""One record of a source without the people who were forgotten."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from closedloop.forget import columns, marks
from closedloop.models.forgotten import FIRST_NAME, NAME, phone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from closedloop.forget.columns import Shape
    from closedloop.forget.marks import Marks
    from closedloop.settings import Settings
    from closedloop.store.operations import Operations

#: What stands in the place of an address begins so.
STANDS = "forgotten-"
#: What says of a record in a table of people and companies that it is a company.
_COMPANY = "is_company"


@dataclass(slots=True, kw_only=True, frozen=True)
class Stream:
    """A stream as its records come.

    Args:
        connection: The connection's name.
        name: The stream's.
        keys: Its key's columns.
        types: Column → DuckDB type.
        shape: What the columns are.
    """

    connection: str
    name: str
    keys: Sequence[str]
    types: Mapping[str, str]
    shape: Shape

    @property
    def scope(self) -> str:
        """What its records' marks are kept under."""
        return scope(self.connection, self.name)

    @property
    def fixed(self) -> frozenset[str]:
        """Columns that stay whatever they hold: a record without its key is none."""
        return frozenset(self.keys)


def scope(connection: str, stream: str) -> str:
    """Return what the marks of a stream's records are kept under."""
    return f"{connection}/{stream}"


def key_of(record: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return a record's key as one text, as landing does."""
    return "/".join(str(record.get(key)) for key in keys)


@dataclass(slots=True, kw_only=True)
class Cleaner:
    """Takes forgotten people out of the records of one connection.

    Args:
        marks: By what they are known.
        connection: The connection's name.
        shapes: Gives what the columns of its streams are; asked once, when somebody was forgotten.
    """

    marks: Marks
    connection: str
    shapes: Callable[[], Mapping[str, Shape]]
    _known: dict[str, Shape] = field(default_factory=dict)
    _asked: bool = False

    def shape(self, stream: str) -> Shape:
        """Return what the columns of a stream are."""
        if not self._asked:
            self._known, self._asked = dict(self.shapes()), True
        return self._known.get(stream) or columns.Shape()

    def refused(self, stream: str, key: str, text: str) -> str | None:
        """Return whose a refused record is, by its key or an address in it, or none."""
        if not self.marks:
            return None
        of_key = self.marks.of(marks.RECORD, key, scope(self.connection, stream))
        return of_key or self.marks.owner(text)

    def changes(self, stream: Stream, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns of a record that must hold something else, with what they must hold."""
        if not self.marks:
            return {}
        return _Look(self.marks, stream, record).changes()


def cleaner(settings: Settings, operations: Operations, connection: str) -> Cleaner:
    """Return what takes forgotten people out of the records of a connection."""
    with operations.reading() as database:
        known = marks.read(database)
    return Cleaner(marks=known, connection=connection, shapes=lambda: columns.shapes(settings, connection))


class _Look:
    """One record, looked at."""

    def __init__(self, known: Marks, stream: Stream, record: Mapping[str, Any]) -> None:
        self.marks, self.stream, self.record, self.shape = known, stream, record, stream.shape
        self.key = key_of(record, stream.keys) if stream.keys else ""

    def changes(self) -> dict[str, Any]:
        if token := self._own:
            return self._all(lambda name, value: self._of_person(name, value, token))
        if self._about:
            return self._all(self._of_about)
        if self._mentioned:
            return self._all(self._of_company if self.shape.is_company else self._of_other)
        return {}

    @property
    def _own(self) -> str | None:
        """Whose own record it is."""
        if token := self.marks.of(marks.RECORD, self.key, self.stream.scope):
            return token
        if not self.shape.is_people or str(self.record.get(_COMPANY)).lower() == "true":
            return None
        for name, kind in self.shape.personal.items():
            if kind == columns.EMAIL and (value := self._text(name)):
                email = marks.plain_email(value)
                if token := self.marks.of(marks.EMAIL, email):
                    return token
        return None

    @property
    def _about(self) -> bool:
        if self.marks.of(marks.ABOUT, self.key, self.stream.scope):
            return True
        return any(
            self.marks.of(marks.REFERENCE, value, self.stream.connection)
            for name in self.shape.references.difference(map(str.lower, self.stream.keys))
            if (value := self._text(name))
        )

    @property
    def _mentioned(self) -> bool:
        return any(
            isinstance(value, str | list | dict) and self.marks.owner(_as_text(value))
            for value in self.record.values()
        )

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {name.lower(): name for name in self.record}

    def _text(self, column: str) -> str | None:
        value = self.record.get(self._folded.get(column, column))
        return None if value is None else str(value)

    def _all(self, new: Callable[[str, Any], Any]) -> dict[str, Any]:
        found = {}
        for name, value in self.record.items():
            if value is None or name in self.stream.fixed or name not in self.stream.types:
                continue
            if (other := new(name, value)) != value:
                found[name] = other
        return found

    def _of_person(self, name: str, value: Any, token: str) -> Any:
        kind = self.shape.personal.get(name.lower())
        if kind:
            return self._pseudonym(kind, str(value), token)
        return self._of_about(name, value)

    def _pseudonym(self, kind: str, value: str, token: str) -> str | None:
        if not value.strip() or value.startswith(STANDS):
            return value
        if kind == columns.EMAIL:
            return self.marks.address(value, token) if marks.plain_email(value) else None
        if kind == columns.PHONE:
            return phone_of(token, is_valid=bool(marks.plain_phone(value)))
        return {columns.FIRST: FIRST_NAME, columns.LAST: token}.get(kind, NAME.format(token=token))

    def _of_about(self, name: str, value: Any) -> Any:
        if self.shape.empties(name, self.stream.types[name]):
            return None
        return marks.within(value, self.marks.without_names)

    def _of_company(self, name: str, value: Any) -> Any:
        if self.shape.tells_of_person(name):
            return None
        return marks.within(value, self.marks.without_names)

    def _of_other(self, _name: str, value: Any) -> Any:
        return marks.within(value, self.marks.without_addresses)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
