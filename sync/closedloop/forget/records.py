"""Takes forgotten people out of the operational database: what was refused, imported, decided, told and published."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, select, update

from closedloop.forget import marks
from closedloop.forget.lists import stream_of
from closedloop.forget.rows import scope
from closedloop.models.forgotten import NAME
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection, Table

    from closedloop.forget.marks import Marks

#: Columns in which people write, or that name things after them: names are looked for, not only addresses.
_PROSE: dict[str, tuple[str, ...]] = {
    "decision": ("why",),
    "run": ("detail",),
    "incident": ("message", "fix"),
    "import_plan": ("summary",),
    "plan_row": ("name", "why"),
    "snapshot": ("name",),
    "snapshot_cause": ("label",),
    "break_history": ("healed_by",),
    "stream_run": ("reason",),
    "journal": ("reason",),
}
_OURS = frozenset({"forgotten", "forgotten_mark", "lease", "definition"})
_GONE = "forgotten"


def clean(connection: Connection, known: Marks) -> dict[str, int]:
    """Take forgotten people out of every table, in the caller's transaction; return the rows that changed, by table."""
    done: Counter[str] = Counter()
    for table, key, values in _found(connection, known):
        done[table.name] += 1
        same = [column == value for column, value in zip(table.primary_key.columns, key, strict=True)]
        connection.execute(update(table).where(*same).values(values))
    return dict(done)


def count(connection: Connection, known: Marks) -> dict[str, int]:
    """Return how many rows `clean` would change, by table."""
    return dict(Counter(table.name for table, _, _ in _found(connection, known)))


def _found(connection: Connection, known: Marks) -> Iterator[tuple[Table, tuple[Any, ...], dict[str, Any]]]:
    whole: dict[str, Callable[[Marks, Mapping[str, Any]], dict[str, Any]]] = {
        "import_row": _import_row,
        "creation": _creation,
        "quarantine": _quarantine,
    }
    for table in tables.metadata.sorted_tables:
        if table.name not in _OURS and known:
            of_row = whole.get(table.name, _row_of(table))
            yield from _in_table(connection, table, lambda row, look=of_row: look(known, row))  # type: ignore[misc]


def _in_table(
    connection: Connection, table: Table, look: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> Iterator[tuple[Table, tuple[Any, ...], dict[str, Any]]]:
    names = [column.name for column in table.primary_key.columns]
    texts = [column for column in table.columns if isinstance(column.type, String)]
    read = [*table.primary_key.columns, *(column for column in texts if not column.primary_key)]
    # All of them before the first is given: the caller changes the table.
    yield from [
        (table, tuple(row[name] for name in names), values)
        for row in connection.execute(select(*read)).mappings()
        if (values := look(dict(row)))
    ]


def _row_of(table: Table) -> Callable[[Marks, Mapping[str, Any]], dict[str, Any]]:
    prose = frozenset(_PROSE.get(table.name, ()))
    keys = frozenset(column.name for column in table.primary_key.columns)

    def look(known: Marks, row: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for name, value in row.items():
            if isinstance(value, str) and name not in keys:
                other = marks.masked(value, known.without_names if name in prose else known.without_addresses)
                if other != value:
                    found[name] = other
        return found

    return look


def _import_row(known: Marks, row: Mapping[str, Any]) -> dict[str, Any]:
    """Empty a row of an imported file; one that was not written yet never will be."""
    content = json.loads(row["content"])
    token = known.owner(row["content"]) or known.owner(row["label"]) or _record_of(known, content)
    token = token or known.of(marks.LIST, str(content.get("person_key") or ""))
    if token is None:
        return _masked(known, row, "reason")
    values = {
        "label": NAME.format(token=token),
        "reason": _GONE,
        "content": json.dumps({**content, "told": {}}),
    }
    if not (row["label"] == values["label"] and row["content"] == values["content"]):
        return {**values, "action": "refused"}
    return {}


def _record_of(known: Marks, content: Mapping[str, Any]) -> str | None:
    """Return whose record a row found in the CRM."""
    for name in ("record", "person", "member"):
        if (found := content.get(name)) and len(found) == 2:  # noqa: PLR2004 (object, id)
            for (kind, where), digests in known.tokens.items():
                if kind == marks.RECORD and stream_of(found[0]) == where.partition("/")[2] and digests:
                    token = known.of(marks.RECORD, str(found[1]), where)
                    if token:
                        return token
    return None


def _creation(known: Marks, row: Mapping[str, Any]) -> dict[str, Any]:
    """Empty what an import wrote into a record of theirs: an undoing finds other values there, and leaves it."""
    texts = {name: row[name] for name in ("fields", "before", "seen", "reason") if row[name]}
    where = scope(row["connection"], stream_of(row["object"]))
    token = next((found for text in texts.values() if (found := known.owner(text))), None)
    token = token or known.of(marks.RECORD, row["record_id"] or "", where) or known.of(marks.LIST, row["key"])
    if token is None and (token := known.owner(row["key"])) is None:
        return _masked(known, row, "reason")
    values: dict[str, Any] = {"key": marks.masked(row["key"], known.without_addresses)}
    values |= {name: _emptied(text) for name, text in texts.items() if name != "reason"}
    if "reason" in texts:
        values["reason"] = _GONE
    return {name: value for name, value in values.items() if value != row[name]}


def _masked(known: Marks, row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Take addresses out of what a row of somebody else tells: it may say whom they were taken for."""
    text = row[name] or ""
    clean = marks.masked(text, known.without_addresses)
    return {} if clean == text else {name: clean}


def _emptied(text: str) -> str:
    """Return a JSON object without its texts."""
    held = json.loads(text)
    return json.dumps({name: None if isinstance(value, str) else value for name, value in held.items()})


def _quarantine(known: Marks, row: Mapping[str, Any]) -> dict[str, Any]:
    where = scope(row["connection"], row["stream"])
    of_key = known.of(marks.RECORD, row["record_key"], where)
    token = of_key or known.owner(row["record"]) or known.owner(row["reason"])
    values = {"reason": f"a record of {NAME.format(token=token)}", "record": "{}"}
    if token is None or all(row[name] == value for name, value in values.items()):
        return {}
    return values
