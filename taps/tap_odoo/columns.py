"""From a row of Odoo to a record of a stream: which fields to ask for, and how each becomes a column."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tap_odoo import values
from tap_odoo.catalog import REFERENCES, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_odoo.catalog import Model
    from tap_odoo.client import Field, Row

_INTEGER = {"type": ["integer", "null"]}
_TEXT = {"type": ["string", "null"]}
_DECIMAL = {"type": ["string", "null"], "format": "singer.decimal"}
#: Columns for the fields that closedloop writes: their type follows the database's.
_BY_KIND: Mapping[str, dict[str, Any]] = {
    "integer": _INTEGER,
    "many2one": _INTEGER,
    "float": _DECIMAL,
    "monetary": _DECIMAL,
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "datetime": {"type": ["string", "null"], "format": "date-time"},
}


class Columns:
    """The columns of one stream over one database.

    Every column of the schema is there whatever the Odoo version has: staging SQL can rely on the names.

    Args:
        stream: Name of the stream.
        model: Its row in the catalog.
        fields: What the database has.
        mapping: Column to custom field.
        written: Fields that closedloop writes, to be read too.
    """

    def __init__(
        self,
        stream: str,
        model: Model,
        *,
        fields: Mapping[str, Field],
        mapping: Mapping[str, str],
        written: Sequence[str] = (),
    ) -> None:
        self.schema = copy.deepcopy(schema(stream))
        self._properties: dict[str, dict[str, Any]] = self.schema["properties"]
        for name in written:
            if name in fields:
                self._properties.setdefault(name, _BY_KIND.get(fields[name].kind, _TEXT))
        self._model = model
        self._fields = fields
        self._sources = {**model.sources, **mapping}
        self._blank: dict[str, Any] = dict.fromkeys(self._properties)
        looked_up = {column for lookup in model.lookups for column in lookup.columns.values()}
        plan = [(name, *self._source(name)) for name in self._properties if name not in looked_up]
        self._plan = [(name, source, convert) for name, source, convert in plan if source in fields]
        self.fields = list(dict.fromkeys(source for _, source, _ in self._plan))

    def _source(self, name: str) -> tuple[str, Callable[[Any], Any]]:
        """Return the field a column comes from, and how."""
        base = name.removesuffix("_name")
        if base != name and base in self._properties and name not in self._sources:
            return base, values.display_name
        source = self._sources.get(name, name)
        if name in REFERENCES:
            return source, values.reference
        if name in self._model.exact:
            return source, values.exact
        return source, values.for_property(self._properties[name])

    def record(self, row: Row) -> dict[str, Any]:
        """Return a record.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, not the value.
        """
        record = self._blank.copy()
        name = "id"
        try:
            for name, source, convert in self._plan:
                record[name] = convert(row[source])
        except (ValueError, KeyError, TypeError) as error:
            reason = "is missing" if isinstance(error, KeyError) else f"is {_reason(error)}"
            message = f"{name} {reason}"
            raise ValueError(message) from error
        if not record["id"]:
            message = "id is missing"
            raise ValueError(message)
        return record

    def fill(self, record: dict[str, Any], column: str, value: Any) -> None:
        """Set a looked-up column."""
        record[column] = values.for_property(self._properties[column])(value)


def _reason(error: Exception) -> str:
    """Return our own converters' words; those of the standard library quote the value."""
    text = str(error)
    return text if text.startswith("not ") else "not valid"
