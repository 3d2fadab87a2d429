"""Turns what Xero prints into what the schema says.

Instants and days come as ``/Date(1573755038314+0000)/``: milliseconds since 1970 in UTC; the offset is for show. A
business day is midnight UTC of that day and is never moved to another zone. Numbers with a fraction arrive as text, as
Xero printed them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Fields in nested objects that are instants; every other date there is a business day.
_INSTANTS = ("UTC",)


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


def integer(value: Any) -> int | None:
    """Return a whole number."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    message = "not a whole number"
    raise ValueError(message)


def boolean(value: Any) -> bool | None:
    """Return a boolean."""
    if value is None or isinstance(value, bool):
        return value
    message = "not a boolean"
    raise ValueError(message)


def decimal(value: Any) -> str | None:
    """Return a number as plain decimal text, every digit kept."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))  # of a boolean too: its name is no number
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = "not a number"
        raise ValueError(message)
    return format(number, "f")


def moment(value: Any) -> str | None:
    """Return an instant as ISO text in UTC with milliseconds: texts then sort like times."""
    found = _instant(value)
    return (
        None if found is None else found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03}Z"
    )


def day(value: Any) -> str | None:
    """Return a business day as ISO text."""
    found = _instant(value)
    return None if found is None else found.date().isoformat()


def nested(value: Any) -> Any:
    """Return objects inside a record with their dates as ISO text; names stay Xero's."""
    if value is None or isinstance(value, dict | list):
        return _nested("", value)
    message = "not a list or an object"
    raise ValueError(message)


def _nested(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nested(key, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_nested(name, one) for one in value]
    if isinstance(value, str) and _DATE.fullmatch(value):
        return moment(value) if name.endswith(_INSTANTS) else day(value)
    return value


def _instant(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        if found:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        moment = datetime.fromisoformat(str(value))
    except (OverflowError, ValueError):
        message = "not a date"
        raise ValueError(message) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def for_property(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return the converter for a column, given its JSON Schema."""
    kinds = schema["type"]
    if "string" in kinds:
        return _BY_FORMAT.get(schema.get("format", ""), text)
    return next(convert for kind, convert in _BY_TYPE.items() if kind in kinds)


_BY_FORMAT: dict[str, Callable[[Any], Any]] = {"date-time": moment, "date": day, "singer.decimal": decimal}
_BY_TYPE: dict[str, Callable[[Any], Any]] = {
    "integer": integer,
    "boolean": boolean,
    "array": nested,
    "object": nested,
}
