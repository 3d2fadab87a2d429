"""A stream's columns: from Xero's record to ours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tap_xero.catalog import schema, snake
from tap_xero.values import for_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_xero.catalog import Endpoint

_name = cache(snake)


class Columns:
    """Converts the records of one stream.

    Args:
        stream: Its name.
        endpoint: What it is.
        classes: Code to line class, where the admin gave one.
    """

    def __init__(self, stream: str, endpoint: Endpoint, *, classes: Mapping[str, str]) -> None:
        self.schema = schema(stream)
        self.key = endpoint.id
        self._classes = classes
        self._converters = {
            name: for_property(column)
            for name, column in self.schema["properties"].items()
            if name != "line_class"
        }
        self._ways = {
            column: [way.split(".") for way in ways.split("|")] for column, ways in endpoint.sources.items()
        }

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with every column of the schema.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, never the value.
        """
        given = {_name(key): value for key, value in row.items()}
        for column, ways in self._ways.items():
            given[column] = next(filter(None, (_at(row, way) for way in ways)), None)
        record: dict[str, Any] = {}
        for column, convert in self._converters.items():
            try:
                record[column] = convert(given.get(column))
            except ValueError as error:
                message = f"{column}: {error}"
                raise ValueError(message) from None
        if record[self.key] is None:
            message = f"{self.key}: there is none"
            raise ValueError(message)
        if "line_class" in self.schema["properties"]:
            record["line_class"] = self._classes.get(record["code"] or "")
        return record


def _at(row: Any, way: list[str]) -> Any:
    for step in way:
        row = row.get(step) if isinstance(row, dict) else None
    return row
