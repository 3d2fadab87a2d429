"""``load``: Odoo's import, all or nothing, with one message for each thing wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.errors import OdooError, database_error, required_message, value_error

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database, Row
    from closedloop.sandbox.odoo.schema import Field

WORDS = {
    "integer": "an integer",
    "float": "a number",
    "monetary": "a number",
    "date": "a valid date",
    "datetime": "a valid datetime",
}
HINTS = {"date": "Use the format '2012-12-31'", "datetime": "Use the format '2012-12-31 23:59:59'"}


def load(
    database: Database, model: str, fields: list[str], data: list[list[Any]], *, context: dict[str, Any]
) -> dict[str, object]:
    """Import rows: ``.id`` names an existing record by its database id, an empty ``.id`` creates one.

    An id that does not exist, or is archived while ``active_test`` is on, is an error message; nothing is written
    then. An unknown column and an id that is no number fail the whole call, as in Odoo.

    Returns:
        ``{"ids": [...] or False, "messages": [...], "nextrow": 0}``.
    """
    columns = [_column(database, model, name) for name in fields]
    messages: list[dict[str, object]] = []
    plans = [_plan(database, model, columns, row, at, messages, context) for at, row in enumerate(data)]
    if not messages:
        _check_values(database, model, plans, messages)
    if messages:
        return {"ids": False, "messages": messages, "nextrow": 0}
    return {"ids": [_carry_out(database, model, *plan) for plan in plans], "messages": [], "nextrow": 0}


def _column(database: Database, model: str, name: str) -> tuple[str, Field | None]:
    if name == ".id":
        return name, None
    known = database.models[model].fields.get(name.partition("/")[0])
    if known is None:
        message = f"Invalid field name {name!r}"
        raise value_error(message)
    return name, known


def _plan(
    database: Database,
    model: str,
    columns: list[tuple[str, Field | None]],
    row: list[Any],
    at: int,
    messages: list[dict[str, object]],
    context: dict[str, Any],
) -> tuple[int | None, Row]:
    key: int | None = None
    values: Row = {}
    for (name, column), cell in zip(columns, row, strict=False):
        if column is None:
            key = _record(database, model, cell, at, messages, context)
        else:
            values.update(_cell(database, name, column, cell, at, messages))
    return key, values


def _record(
    database: Database,
    model: str,
    cell: Any,
    at: int,
    messages: list[dict[str, object]],
    context: dict[str, Any],
) -> int | None:
    if not cell:
        return None
    if not str(cell).isdigit():
        message = f'invalid input syntax for type integer: "{cell}"\n'
        raise database_error("errors.InvalidTextRepresentation", message)
    key = int(cell)
    if database.search(model, [["id", "=", key]], context=context):
        return key
    messages.append(_message(at, ".id", f"Unknown database identifier '{key}'"))
    return None


def _cell(
    database: Database, name: str, column: Field, cell: Any, at: int, messages: list[dict[str, object]]
) -> Row:
    if cell in ("", False, None):
        return {column.name: False}
    if column.type == "many2one":
        return _relation(database, name, column, cell, at, messages)
    try:
        database.checked_value(column, cell)
    except OdooError:
        words = WORDS.get(column.type, "a valid value")
        found = _message(at, column.name, f"'{cell}' does not seem to be {words} for field '{column.label}'")
        if column.type in HINTS:
            found["moreinfo"] = HINTS[column.type]
        messages.append({**found, "field_name": column.label})
    return {column.name: cell}


def _relation(
    database: Database, name: str, column: Field, cell: Any, at: int, messages: list[dict[str, object]]
) -> Row:
    rows = database.table(column.relation or "").rows
    if name.endswith("/.id"):
        if str(cell).isdigit() and int(cell) in rows:
            return {column.name: int(cell)}
        kind = "database id"
    else:
        named = next((key for key, row in rows.items() if row.get("name") == cell), None)
        if named is not None:
            return {column.name: named}
        kind = "name"
    text = f"No matching record found for {kind} '{cell}' in field '{column.label}'"
    messages.append({**_message(at, column.name, text), "field_name": column.label})
    return {}


def _message(at: int, field: str, text: str) -> dict[str, object]:
    return {"rows": {"from": at, "to": at}, "type": "error", "record": at, "field": field, "message": text}


def _check_values(
    database: Database, model: str, plans: list[tuple[int | None, Row]], messages: list[dict[str, object]]
) -> None:
    described = database.models[model]
    for at, (key, values) in enumerate(plans):
        if key is None:
            given = database.new_values(model) | values
            missing = [
                f.name for f in described.fields.values() if f.required and f.store and not given.get(f.name)
            ]
            messages += [_message(at, name, required_message(described, name)) for name in missing]
            continue
        try:
            database.verified(model, values)
        except OdooError as error:
            messages.append(_message(at, next(iter(values), ".id"), error.message))


def _carry_out(database: Database, model: str, key: int | None, values: Row) -> int:
    if key is None:
        return database.create(model, [values])[0]
    database.write(model, [key], values)
    return key
