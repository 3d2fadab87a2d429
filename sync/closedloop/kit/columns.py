"""A stream's columns by kind: its JSON Schema, and the way from the vendor's row to our record.

For vendors whose answers are JSON objects with ISO times. Money stays decimal text; a client decodes numbers with a
fraction as text, so that no digit is lost.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind = Literal["text", "decimal", "time", "day", "whole", "yes", "list", "object"]

_TEXT: dict[str, Any] = {"type": ["string", "null"]}
#: What a column's kind is in JSON Schema.
TYPES: Mapping[Kind, dict[str, Any]] = {
    "text": _TEXT,
    "decimal": {**_TEXT, "format": "singer.decimal"},
    "time": {**_TEXT, "format": "date-time"},
    "day": {**_TEXT, "format": "date"},
    "whole": {"type": ["integer", "null"]},
    "yes": {"type": ["boolean", "null"]},
    "list": {"type": ["array", "null"]},
    "object": {"type": ["object", "null"]},
}
#: What vendors print most often: whole seconds in UTC. A day past the month's end is for the slow way to refuse.
_IN_SHAPE = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|\+00:00)"
).fullmatch
#: The core's mark of a deleted row.
DELETED = "_sdc_deleted_at"


def of_kinds(text: str = "", **kinds: str) -> dict[str, Kind]:
    """Return name to kind; names are separated by blanks."""
    found: dict[str, Kind] = dict.fromkeys(text.split(), "text")
    for kind, names in kinds.items():
        found |= dict.fromkeys(names.split(), kind)  # type: ignore[arg-type] # the keyword is the kind
    return found


class Columns:
    """Converts the rows of one stream.

    Args:
        kinds: Column to kind, in their order.
        key: Column that is the key.
        ways: Column to the way to its value, ``name.text``, where it is not the name of a field.
        deletes: Whether deleted rows are sent: the row then says when under `DELETED`.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        *,
        key: str = "id",
        ways: Mapping[str, str] | None = None,
        deletes: bool = False,
    ) -> None:
        self.key = key
        self.kinds = {**kinds, DELETED: "time"} if deletes else dict(kinds)
        nested = {name: way.split(".") for name, way in (ways or {}).items()}
        self._nested = {name: way for name, way in nested.items() if name in self.kinds}
        self._converters = {name: _CONVERTERS[kind] for name, kind in self.kinds.items()}

    @property
    def schema(self) -> dict[str, Any]:
        """The columns as JSON Schema."""
        found = {name: TYPES[kind] for name, kind in self.kinds.items()}
        return {
            "type": "object",
            "required": [self.key],
            "properties": {**found, self.key: {"type": ["string"]}},
        }

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with every column.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, never the value.
        """
        given = {**row, **{name: _at(row, way) for name, way in self._nested.items()}}
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


def _at(row: Any, way: list[str]) -> Any:
    for step in way:
        row = row.get(step) if isinstance(row, dict) else None
    return row


def text(value: Any) -> str | None:
    """Return text; empty text is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        message = "not text"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    return str(value)


def decimal(value: Any) -> str | None:
    """Return a number as plain decimal text, every digit kept."""
    number = _number(value)
    return None if number is None else format(number, "f")


def whole(value: Any) -> int | None:
    """Return a whole number; ``12.0`` is one."""
    number = _number(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        message = "not a whole number"
        raise ValueError(message)
    return int(number)


def boolean(value: Any) -> bool | None:
    """Return a boolean."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    message = "not a boolean"
    raise ValueError(message)


def moment(value: Any) -> str | None:
    """Return an instant as ISO text in UTC with milliseconds: texts then sort like times."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and _IN_SHAPE(value):
        return f"{value[:19]}.000Z"
    try:
        found = datetime.fromisoformat(str(value))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        message = "not a time"
        raise ValueError(message) from None
    return found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03}Z"


def day(value: Any) -> str | None:
    """Return a day as ISO text; of a local time its own day, in whatever zone it is."""
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        message = "not a day"
        raise ValueError(message) from None


def _list(value: Any) -> list[Any] | None:
    if value is None or isinstance(value, list):
        return value
    message = "not a list"
    raise ValueError(message)


def _object(value: Any) -> dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return value
    message = "not an object"
    raise ValueError(message)


def _number(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))  # of a boolean too: its name is no number
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = "not a number"
        raise ValueError(message)
    return number


_CONVERTERS: Mapping[Kind, Callable[[Any], Any]] = {
    "text": text,
    "decimal": decimal,
    "time": moment,
    "day": day,
    "whole": whole,
    "yes": boolean,
    "list": _list,
    "object": _object,
}
