"""The resources query, queryAll and their next pages."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import answer
from closedloop.sandbox.salesforce.errors import malformed
from closedloop.sandbox.salesforce.soql import parse
from closedloop.sandbox.salesforce.wire import rest_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.database import Row
    from closedloop.sandbox.salesforce.pages import Cursor
    from closedloop.sandbox.salesforce.schema import SObject
    from closedloop.sandbox.salesforce.select import Select
    from closedloop.sandbox.salesforce.soql import Column, Statement
    from closedloop.sandbox.salesforce.state import Org

#: Types whose values need no translation for JSON.
_AS_THEY_ARE = frozenset(
    {
        "id",
        "reference",
        "string",
        "textarea",
        "picklist",
        "boolean",
        "int",
        "phone",
        "email",
        "url",
        "combobox",
    }
)


class Query:
    """Answers queries.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self._org = org

    def ask(self, call: Call, *, deleted: bool) -> Reply:
        """Answer a statement with its first page.

        Raises:
            RefusedError: The statement is wrong.
        """
        statement = parse(call.query.get("q", ""), now=self._org.clock.now())
        entity = self._org.rights.entity(statement.entity)
        call.entry |= {"stream": entity.name, "is_count": statement.is_count}
        rows = self._org.select.rows(statement, deleted=deleted)
        if statement.is_count:
            return answer({"totalSize": len(rows), "done": True, "records": []})
        if statement.is_aggregate:
            found = Aggregates(self._org.select, entity, statement).records(rows)
            records = [{"attributes": {"type": "AggregateResult"}} | self._plain_values(one) for one in found]
            return answer({"totalSize": len(records), "done": True, "records": records})
        rows = self._org.pages.shape(statement, rows, entity.name)
        columns = self._org.select.columns(statement)
        size = self._org.pages.size(call.headers)
        return self._first(call, entity, columns, [row["Id"] for row in rows], size, deleted=deleted)

    def _first(
        self,
        call: Call,
        entity: SObject,
        columns: tuple[Column, ...],
        keys: list[str],
        size: int,
        *,
        deleted: bool,
    ) -> Reply:
        first = self._org.pages.drawn(size)
        body: dict[str, Any] = {"totalSize": len(keys), "done": len(keys) <= first}
        if len(keys) > first:
            cursor = self._org.pages.open(entity.name, columns, keys, size, deleted=deleted)
            cursor.last = keys[:first]
            body["nextRecordsUrl"] = self._next(call, cursor, first)
        body["records"] = self.records(call.base, entity, columns, keys[:first])
        call.entry["rows"] = len(body["records"])
        return answer(body)

    def more(self, call: Call, locator: str) -> Reply:
        """Answer with a further page.

        Raises:
            RefusedError: The cursor has ended.
        """
        name, _, place = locator.partition("-")
        cursor = self._org.pages.find(name)
        call.entry |= {"stream": cursor.entity, "is_more": True}
        start = int(place or 0)
        keys = cursor.keys[start : start + self._org.pages.drawn(cursor.size)]
        end = start + len(keys)
        for fault in self._org.pages.strikes(cursor.entity, "query"):
            if fault.kind == "repeat_page" or (fault.kind == "freeze_cursor" and fault.mode == "loop"):
                keys = cursor.last
            elif fault.kind == "short_page":
                keys, end = keys[: len(keys) // 2], len(cursor.keys)
        cursor.last = keys
        done = end >= len(cursor.keys)
        body: dict[str, Any] = {"totalSize": len(cursor.keys), "done": done}
        if done:
            self._org.pages.close(cursor)
        else:
            body["nextRecordsUrl"] = self._next(call, cursor, end)
        entity = self._org.database.objects[cursor.entity]
        body["records"] = self.records(call.base, entity, cursor.columns, keys)
        call.entry["rows"] = len(body["records"])
        return answer(body)

    def _next(self, call: Call, cursor: Cursor, start: int) -> str:
        return f"{call.base}/{'queryAll' if cursor.deleted else 'query'}/{cursor.name}-{start}"

    def records(
        self, base: str, entity: SObject, columns: Sequence[Column], keys: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return rows as they are now, in JSON's terms, with their attributes."""
        write = self._writer(base, entity, [column.path for column in columns])
        table = self._org.database.tables[entity.name]
        return [write(table[key]) for key in keys if key in table]

    def _writer(
        self, base: str, entity: SObject, paths: Sequence[Sequence[str]]
    ) -> Callable[[Row], dict[str, Any]]:
        """Return what turns a row into a record, parents nested in it."""
        nested: dict[str, list[Sequence[str]]] = {}
        plain: dict[str, Sequence[str]] = {}
        for given in paths:
            path = given[1:] if len(given) > 1 and given[0].lower() == entity.name.lower() else given
            known = entity.find(path[0])
            if len(path) == 1:
                plain[known.name if known else path[0]] = path
            else:
                plain[path[0]] = path
                nested.setdefault(path[0], []).append(path[1:])
        parts = {
            name: self._parent(base, entity, name, nested[name])
            if name in nested
            else self._reading(entity, path)
            for name, path in plain.items()
        }

        def write(row: Row) -> dict[str, Any]:
            record: dict[str, Any] = {"attributes": attributes(base, entity.name, row["Id"])}
            for name, read in parts.items():
                record[name] = read(row)
            return record

        return write

    def _reading(self, entity: SObject, path: Sequence[str]) -> Callable[[Row], Any]:
        read, exponent = self._org.select.reader(entity, path), self._org.options.numbers_with_exponent
        known = entity.find(path[0])
        if known is not None and known.type in _AS_THEY_ARE:
            return read
        return lambda row: rest_value(read(row), exponent=exponent)

    def _parent(
        self, base: str, entity: SObject, name: str, paths: list[Sequence[str]]
    ) -> Callable[[Row], dict[str, Any] | None]:
        link, targets = self._org.select.relation(entity, name)
        writers = {}
        for target in targets:
            known = self._org.database.objects[target]
            kept = [path for path in paths if len(path) > 1 or known.find(path[0])]
            writers[target] = self._writer(base, known, kept)

        def write(row: Row) -> dict[str, Any] | None:
            found = self._org.database.parent(self._org.derived.value(entity.name, row, link))
            return writers[found[0]](found[1]) if found and found[0] in writers else None

        return write

    def _plain_values(self, record: dict[str, Any]) -> dict[str, Any]:
        exponent = self._org.options.numbers_with_exponent
        return {name: rest_value(value, exponent=exponent) for name, value in record.items()}


class Aggregates:
    """Puts rows together.

    Args:
        select: Reads fields.
        entity: The object.
        statement: What is asked.
    """

    def __init__(self, select: Select, entity: SObject, statement: Statement) -> None:
        self._select = select
        self._entity = entity
        self._statement = statement

    def records(self, rows: list[Row]) -> list[dict[str, Any]]:
        """Return one record for each group, or a single one.

        Raises:
            RefusedError: A field stands alone that the rows are not grouped by.
        """
        group = [self._select.reader(self._entity, path) for path in self._statement.group]
        found: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            found.setdefault(tuple(read(row) for read in group), []).append(row)
        if not group:
            found = {(): rows}
        made = [self._record(key, held) for key, held in found.items()]
        return made[: self._statement.limit]

    def _record(self, key: tuple[Any, ...], rows: list[Row]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        number = 0
        grouped = [path[-1].lower() for path in self._statement.group]
        for column in self._statement.columns:
            if column.function is None:
                if column.path[-1].lower() not in grouped:
                    message = f"Field must be grouped or aggregated: {'.'.join(column.path)}"
                    raise malformed(message)
                record[column.path[-1]] = key[grouped.index(column.path[-1].lower())]
                continue
            record[column.alias or f"expr{number}"] = self._value(column, rows)
            number += column.alias is None
        return record

    def _value(self, column: Column, rows: list[Row]) -> Any:
        if not column.path:
            return len(rows)
        read = self._select.reader(self._entity, column.path)
        values = [value for row in rows if (value := read(row)) is not None]
        if column.function == "COUNT":
            return len(values)
        if column.function == "COUNT_DISTINCT":
            return len(set(values))
        if not values:
            return None
        if column.function in {"MIN", "MAX"}:
            return (min if column.function == "MIN" else max)(values)
        total = sum((Decimal(value) for value in values), Decimal(0))
        return total if column.function == "SUM" else total / len(values)


def attributes(base: str, entity: str, key: str) -> dict[str, str]:
    """Return what every record begins with."""
    return {"type": entity, "url": f"{base}/sobjects/{entity}/{key}"}
