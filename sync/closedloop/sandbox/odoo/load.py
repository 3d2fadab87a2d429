"""``load``: Odoo's import, all or nothing, with one message for each thing wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.errors import OdooError, database_error, required_message, value_error

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database, Row
    from closedloop.sandbox.odoo.schema import Field

    #: A record's database id (none: to be created) and its values.
    Plan = tuple[int | None, Row]

_EXTERNAL = "id"
WORDS = {
    "integer": "an integer",
    "float": "a number",
    "monetary": "a number",
    "date": "a valid date",
    "datetime": "a valid datetime",
}
HINTS = {"date": "Use the format '2012-12-31'", "datetime": "Use the format '2012-12-31 23:59:59'"}


class Import:
    """One call of ``load``.

    Args:
        database: Where to.
        model: The model.
        context: ``active_test`` hides archived records from ``.id``, as in every search.
    """

    def __init__(self, database: Database, model: str, context: dict[str, Any]) -> None:
        self.database = database
        self.model = model
        self.context = context
        self.messages: list[dict[str, object]] = []
        self._names: dict[int, str] = {}

    def run(self, fields: list[str], data: list[list[Any]]) -> dict[str, object]:
        """Import rows: ``.id`` names an existing record by its database id, an empty ``.id`` creates one.

        ``id`` names a record by its external id, or gives a new one that name.

        An id that does not exist, or is archived while ``active_test`` is on, is an error message, and nothing is
        written.

        Returns:
            ``{"ids": [...] or False, "messages": [...], "nextrow": 0}``.

        Raises:
            OdooError: An unknown column, or an id that is no number: the whole call fails, as in Odoo.
        """
        columns = [(name, self._column(name)) for name in fields]
        plans = [self._plan(columns, row, at) for at, row in enumerate(data)]
        for at, plan in enumerate(plans):
            self._check(at, *plan)
        ids: object = False if self.messages else [self._carry_out(*plan) for plan in plans]
        if isinstance(ids, list):
            self.database.external |= {name: (self.model, ids[at]) for at, name in self._names.items()}
        return {"ids": ids, "messages": self.messages, "nextrow": 0}

    def _column(self, name: str) -> Field | None:
        if name in {".id", _EXTERNAL}:
            return None
        known = self.database.models[self.model].fields.get(name.partition("/")[0])
        if known is None:
            message = f"Invalid field name {name!r}"
            raise value_error(message)
        return known

    def _plan(self, columns: list[tuple[str, Field | None]], row: list[Any], at: int) -> Plan:
        key: int | None = None
        values: Row = {}
        for (name, column), cell in zip(columns, row, strict=False):
            if name == _EXTERNAL:
                named = self.database.external.get(str(cell))
                key = named[1] if named and named[1] in self.database.table(self.model).rows else None
                self._names[at] = str(cell)
            elif column is None:
                key = self._record(cell, at)
            else:
                values.update(self._cell(name, column, cell, at))
        return key, values

    def _record(self, cell: Any, at: int) -> int | None:
        if not cell:
            return None
        if not str(cell).isdigit():
            message = f'invalid input syntax for type integer: "{cell}"\n'
            raise database_error("errors.InvalidTextRepresentation", message)
        key = int(cell)
        if self.database.search(self.model, [["id", "=", key]], context=self.context):
            return key
        self._complain(at, ".id", f"Unknown database identifier '{key}'")
        return None

    def _cell(self, name: str, column: Field, cell: Any, at: int) -> Row:
        if cell in ("", False, None):
            return {column.name: False}
        if column.type == "many2one":
            return self._relation(name, column, cell, at)
        try:
            self.database.checked_value(column, cell)
        except OdooError:
            words = WORDS.get(column.type, "a valid value")
            text = f"'{cell}' does not seem to be {words} for field '{column.label}'"
            self._complain(at, column.name, text, label=column.label, hint=HINTS.get(column.type))
            return {}
        return {column.name: cell}

    def _relation(self, name: str, column: Field, cell: Any, at: int) -> Row:
        rows = self.database.table(column.relation or "").rows
        by_id = name.endswith("/.id")
        if by_id and str(cell).isdigit() and int(cell) in rows:
            return {column.name: int(cell)}
        named = None if by_id else next((key for key, row in rows.items() if row.get("name") == cell), None)
        if named is not None:
            return {column.name: named}
        kind = "database id" if by_id else "name"
        text = f"No matching record found for {kind} '{cell}' in field '{column.label}'"
        self._complain(at, column.name, text, label=column.label)
        return {}

    def _complain(
        self, at: int, field: str, text: str, *, label: str | None = None, hint: str | None = None
    ) -> None:
        message: dict[str, object] = {
            "rows": {"from": at, "to": at},
            "type": "error",
            "record": at,
            "field": field,
            "message": text,
        }
        if hint is not None:
            message["moreinfo"] = hint
        if label is not None:
            message["field_name"] = label
        self.messages.append(message)

    def _check(self, at: int, key: int | None, values: Row) -> None:
        """Check a row's constraints; a row that names no record must be able to become one."""
        described = self.database.models[self.model]
        given = values if key is not None else self.database.new_values(self.model) | values
        if key is None:
            for column in described.fields.values():
                if column.is_missing(given.get(column.name) or None):
                    self._complain(at, column.name, required_message(described, column.name))
        if self.messages:
            return
        try:
            self.database.verified(self.model, values)
        except OdooError as error:
            self._complain(at, next(iter(values), ".id"), error.message)

    def _carry_out(self, key: int | None, values: Row) -> int:
        if key is None:
            return self.database.create(self.model, [values])[0]
        self.database.write(self.model, [key], values)
        return key
