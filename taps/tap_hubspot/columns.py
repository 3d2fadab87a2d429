"""A stream's columns: from HubSpot's row to ours."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tap_hubspot.catalog import DEFAULT_MAPPINGS, MAPPED, STREAMS, columns, schema
from tap_hubspot.kinds import CrmObject
from tap_hubspot.values import CONVERTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_hubspot.client import Row


def _own(names: Mapping[str, object]) -> list[str]:
    """Return the columns that are properties: HubSpot's own begin so."""
    return [name for name in names if name.startswith("hs_")]


class Columns:
    """Converts the rows of one stream.

    Args:
        stream: Its name.
        mapping: Column of ours to the admin's custom property.
        written: Properties that closedloop writes: read too, as text.
    """

    def __init__(
        self, stream: str, *, mapping: Mapping[str, str] | None = None, written: Sequence[str] = ()
    ) -> None:
        source = STREAMS[stream]
        self.schema = schema(stream, written=tuple(written))
        self.key = source.key
        kinds = {**dict.fromkeys(written, "text"), **columns(stream)}
        self._converters = {name: CONVERTERS[kind] for name, kind in kinds.items()}  # type: ignore[index]
        setting = source.mapping
        names = MAPPED[setting] if setting else {}
        self.mapping = {
            name: (mapping or {}).get(name) or DEFAULT_MAPPINGS[setting or ""][name] for name in names
        }
        own = list(source.properties) if isinstance(source, CrmObject) else _own(source.columns)
        self.properties = sorted({*own, *self.mapping.values(), *written})

    @property
    def digest(self) -> str:
        """What the properties are, in a few characters: another one means that all rows must be read again."""
        plain = repr((self.properties, sorted(self.mapping.items())))
        return hashlib.sha256(plain.encode()).hexdigest()[:12]

    def record(self, row: Row) -> dict[str, Any]:
        """Return a record with every column.

        Args:
            row: Values by name; those of `properties` and the mapped ones are filled in.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, never the value.
        """
        properties = row.get("properties") or {}
        given = {**properties, **row}
        for column, source in self.mapping.items():
            given[column] = properties.get(source)
        value_of, record, column = given.get, dict[str, Any](), ""
        try:
            for column, convert in self._converters.items():
                value = value_of(column)
                record[column] = None if value is None else convert(value)
        except ValueError as error:
            message = f"{column}: {error}"
            raise ValueError(message) from None
        if record[self.key] is None:
            message = f"{self.key}: there is none"
            raise ValueError(message)
        return record
