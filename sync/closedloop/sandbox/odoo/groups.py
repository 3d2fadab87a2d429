"""``formatted_read_group``: counts, sums, extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.errors import value_error
from closedloop.sandbox.odoo.values import outward

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.sandbox.odoo.database import Database, Row


def read_group(
    database: Database, model: str, ids: Sequence[int], groupby: Sequence[str], aggregates: Sequence[str]
) -> list[dict[str, Any]]:
    """Return one record a group; without ``groupby`` a single one over all of ``ids``.

    Raises:
        OdooError: An aggregate is none of ``__count`` and ``field:sum|min|max``.
    """
    rows = [database.table(model).rows[key] for key in ids]
    groups: dict[tuple[Any, ...], list[Row]] = {} if groupby else {(): rows}
    for row in rows if groupby else ():
        groups.setdefault(tuple(row.get(name) for name in groupby), []).append(row)
    return [
        _group(database, model, dict(zip(groupby, key, strict=True)), held, aggregates)
        for key, held in groups.items()
    ]


def _group(
    database: Database, model: str, key: dict[str, Any], rows: list[Row], aggregates: Sequence[str]
) -> dict[str, Any]:
    fields = database.models[model].fields
    shown: dict[str, Any] = {}
    for name, value in key.items():
        relation = fields[name].relation
        named = [value, database.display_name(relation, value)] if relation and value else None
        shown[name] = named or outward(fields[name])(value)
    shown["__extra_domain"] = [[name, "=", value or False] for name, value in key.items()] or [[1, "=", 1]]
    for aggregate in aggregates:
        shown[aggregate] = _aggregate(database, model, rows, aggregate)
    return shown


def _aggregate(database: Database, model: str, rows: list[Row], aggregate: str) -> Any:
    if aggregate == "__count":
        return len(rows)
    name, _, function = aggregate.partition(":")
    known = database.models[model].fields.get(name)
    if known is None or function not in {"sum", "min", "max"}:
        message = f"Invalid aggregate specification {aggregate!r}"
        raise value_error(message)
    held = [row[name] for row in rows if row.get(name) is not None]
    if function == "sum":
        return sum(held)
    return outward(known)((min if function == "min" else max)(held)) if held else False
