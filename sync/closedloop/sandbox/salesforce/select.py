"""Carries out what a statement asks for: which rows, in which order, with which columns."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.errors import RefusedError, no_column
from closedloop.sandbox.salesforce.ids import is_id, long_id
from closedloop.sandbox.salesforce.soql import Column, Compare, Condition, Join, Negation, Relative, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedloop.sandbox.salesforce.database import Database, Row
    from closedloop.sandbox.salesforce.derived import Derived
    from closedloop.sandbox.salesforce.rights import Rights
    from closedloop.sandbox.salesforce.schema import Field, SObject

    Test = Callable[[Row], bool]
    Reader = Callable[[Row], Any]

_MOST_OFFSET = 2000
_KINDS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "datetime": (datetime, Relative),
    "date": (date,),
    "int": (Decimal,),
    "currency": (Decimal,),
    "double": (Decimal,),
    "percent": (Decimal,),
}
_WORDS = {"datetime": "dateTime", "currency": "double", "percent": "double"}


class Select:
    """Answers statements.

    Args:
        database: The rows.
        derived: Computes fields.
        rights: What the user may see.
    """

    def __init__(self, database: Database, derived: Derived, rights: Rights) -> None:
        self.database = database
        self.derived = derived
        self.rights = rights

    def rows(self, statement: Statement, *, deleted: bool) -> list[Row]:
        """Return the rows that a statement finds, sorted and cut.

        Args:
            statement: What is asked.
            deleted: Whether rows in the recycle bin count, and archived ones.

        Raises:
            RefusedError: It names what is not there, or holds what cannot be held against each other.
        """
        entity = self.rights.entity(statement.entity)
        for column in statement.columns:
            self.check(entity, column)
        test = self._test(entity, statement.where, deleted=deleted)
        found = [
            row
            for row in self.database.tables[entity.name].values()
            if (deleted or not self._is_gone(entity.name, row)) and test(row)
        ]
        for order in reversed(statement.order):
            found = self._sorted(entity, found, order.path, down=order.descending, last=order.nulls_last)
        if statement.offset > _MOST_OFFSET:
            message = f"Maximum SOQL offset allowed is {_MOST_OFFSET}"
            raise RefusedError("NUMBER_OUTSIDE_VALID_RANGE", message)
        if statement.is_aggregate:
            return found
        end = None if statement.limit is None else statement.offset + statement.limit
        return found[statement.offset : end]

    def _is_gone(self, name: str, row: Row) -> bool:
        return bool(row.get("IsDeleted")) or self.derived.is_archived(name, row)

    def columns(self, statement: Statement) -> tuple[Column, ...]:
        """Return what is selected, ``FIELDS(…)`` spelled out.

        Raises:
            RefusedError: All fields of more than 200 rows.
        """
        entity = self.rights.entity(statement.entity)
        found: list[Column] = []
        for column in statement.columns:
            if column.function != "FIELDS":
                found.append(column)
                continue
            word = "".join(column.path).upper()
            if word != "STANDARD" and (statement.limit is None or statement.limit > 200):  # noqa: PLR2004 - Salesforce's own
                message = "The SOQL FIELDS function must have a LIMIT of at most 200"
                raise RefusedError("MALFORMED_QUERY", message)
            found += [
                Column((field.name,))
                for field in self.rights.visible(entity)
                if word == "ALL" or field.is_custom == (word == "CUSTOM")
            ]
        return tuple(found)

    def check(self, entity: SObject, column: Column) -> None:
        """Refuse a column that is not there."""
        if column.function == "FIELDS" or not column.path:
            return
        self.reader(entity, column.path)

    def reader(self, entity: SObject, path: Sequence[str]) -> Reader:
        """Return what reads a field, or a parent's field.

        Raises:
            RefusedError: There is no such field, or the user may not see it.
        """
        if len(path) > 1 and path[0].lower() == entity.name.lower():
            path = path[1:]
        if len(path) == 1:
            field = self._field(entity, path[0])
            if not self.derived.is_computed(entity.name, field.name):
                name = field.name
                return lambda row: row.get(name)
            return lambda row: self.derived.value(entity.name, row, field.name)
        link, targets = self.relation(entity, path[0])
        readers: dict[str, Reader] = {}
        refused: RefusedError | None = None
        for target in targets:
            try:
                readers[target] = self.reader(self.rights.entity(target), path[1:])
            except RefusedError as error:
                refused = error
        if not readers:
            raise refused or no_column(".".join(path), entity.name)

        def read(row: Row) -> Any:
            found = self.database.parent(self.derived.value(entity.name, row, link))
            return readers[found[0]](found[1]) if found and found[0] in readers else None

        return read

    def relation(self, entity: SObject, name: str) -> tuple[str, list[str]]:
        """Return the field behind a parent's name, and the objects that it may be.

        Raises:
            RefusedError: There is no such parent.
        """
        for field in self.rights.visible(entity):
            if field.relation and field.relation.lower() == name.lower():
                return field.name, [one for one in field.targets if one in self.database.objects]
        message = f"Didn't understand relationship '{name}' in field path."
        raise RefusedError("INVALID_FIELD", message)

    def _field(self, entity: SObject, name: str) -> Field:
        found = self.rights.field(entity, name)
        if found is None:
            raise no_column(name, entity.name)
        return found

    def _end(self, entity: SObject, path: Sequence[str]) -> Field:
        """Return the field at the end of a path."""
        if len(path) > 1 and path[0].lower() == entity.name.lower():
            path = path[1:]
        if len(path) == 1:
            return self._field(entity, path[0])
        _, targets = self.relation(entity, path[0])
        for target in targets:
            known = self.rights.entity(target)
            if len(path) > 2 or known.find(path[1]):  # noqa: PLR2004 - more than parent and field
                return self._end(known, path[1:])
        raise no_column(".".join(path), entity.name)

    def _sorted(
        self, entity: SObject, rows: list[Row], path: Sequence[str], *, down: bool, last: bool
    ) -> list[Row]:
        read = self.reader(entity, path)
        fold = self._end(entity, path).type not in {"id", "reference"}
        keyed = [(read(row), row) for row in rows]
        empty = [row for value, row in keyed if value is None]
        full = [
            ((value.casefold() if fold and isinstance(value, str) else value), row)
            for value, row in keyed
            if value is not None
        ]
        full.sort(key=lambda pair: pair[0], reverse=down)
        found = [row for _, row in full]
        return found + empty if last else empty + found

    def _test(self, entity: SObject, condition: Condition | None, *, deleted: bool) -> Test:
        if condition is None:
            return lambda _row: True
        if isinstance(condition, Negation):
            inner = self._test(entity, condition.part, deleted=deleted)
            return lambda row: not inner(row)
        if isinstance(condition, Join):
            tests = [self._test(entity, part, deleted=deleted) for part in condition.parts]
            if condition.word == "AND":
                return lambda row: all(test(row) for test in tests)
            return lambda row: any(test(row) for test in tests)
        return self._comparison(entity, condition, deleted=deleted)

    def _comparison(self, entity: SObject, given: Compare, *, deleted: bool) -> Test:
        field, read = self._end(entity, given.path), self.reader(entity, given.path)
        if not field.is_filterable:
            message = f"field '{field.name}' can not be filtered in a query call"
            raise RefusedError("INVALID_FIELD", message)
        if isinstance(given.value, Statement):
            inner = self.rows(given.value, deleted=deleted)
            source = self.rights.entity(given.value.entity)
            wanted = self.reader(source, given.value.columns[0].path)
            held = {wanted(row) for row in inner}
            return _listed(read, held, negative=given.operator == "NOT IN")
        if isinstance(given.value, tuple):
            values = {_plain(_checked(field, value)) for value in given.value}
            return _listed(lambda row: _plain(read(row)), values, negative=given.operator == "NOT IN")
        value = _checked(field, given.value)
        if given.operator == "LIKE":
            return _like(read, str(value))
        return _compared(read, given.operator, _plain(value), exact=field.type in {"id", "reference"})


def _listed(read: Reader, values: set[Any], *, negative: bool) -> Test:
    if negative:
        return lambda row: read(row) not in values
    return lambda row: read(row) in values


def _like(read: Reader, pattern: str) -> Test:
    parts = (".*" if one == "%" else "." if one == "_" else re.escape(one) for one in pattern)
    known = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    return lambda row: bool(known.fullmatch(str(read(row) or "")))


def _compared(read: Reader, operator: str, value: Any, *, exact: bool) -> Test:
    plain: Callable[[Any], Any] = (lambda one: one) if exact else _plain
    if operator == "=":
        return lambda row: plain(read(row)) == value
    if operator == "!=":
        return lambda row: plain(read(row)) != value
    if value is None:
        message = "invalid operator on null"
        raise RefusedError("MALFORMED_QUERY", message)
    tests: dict[str, Callable[[Any], bool]] = {
        "<": lambda held: bool(held < value),
        "<=": lambda held: bool(held <= value),
        ">": lambda held: bool(held > value),
        ">=": lambda held: bool(held >= value),
    }
    holds = tests[operator]

    def test(row: Row) -> bool:
        held = plain(read(row))
        return held is not None and holds(held)

    return test


def _plain(value: Any) -> Any:
    """Return a value as comparisons see it: text without case, unless it is an id."""
    return value if not isinstance(value, str) or is_id(value) else value.casefold()


def _checked(field: Field, value: Any) -> Any:
    """Return a literal as the field holds values.

    Raises:
        RefusedError: It is of another type.
    """
    if value is None:
        return None
    if field.type in {"id", "reference"}:
        if not is_id(value):
            message = f"invalid ID field: {value}"
            raise RefusedError("INVALID_QUERY_FILTER_OPERATOR", message)
        return long_id(value)
    kinds = _KINDS.get(field.type, (str,))
    if not isinstance(value, kinds) or (field.type == "date" and isinstance(value, datetime)):
        enclosed = " and should not be enclosed in quotes" if str not in kinds else ""
        word = _WORDS.get(field.type, field.type)
        message = f"value of filter criterion for field '{field.name}' must be of type {word}{enclosed}"
        raise RefusedError("INVALID_FIELD", message)
    if isinstance(value, Relative) and field.type == "datetime":
        return datetime.combine(value, time(0), tzinfo=UTC)
    return value
