"""Turns what Salesforce prints into what the schema says.

REST and Bulk print the same value differently: a time ends in ``+0000`` or in ``Z``, a boolean is one or a word, and Bulk
cannot tell an empty text from none. Numbers arrive as text, as Salesforce printed them, sometimes as ``1.5E7``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WORDS = {"true": True, "false": False}
#: Characters of a time up to its milliseconds, and with either ending.
_MILLISECONDS = 23
_PRINTED = frozenset({24, 28})


def text(value: Any) -> str | None:
    """Return text; empty text is none. History fields hold values of any kind: they come as they were printed."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    message = "not text"
    raise ValueError(message)


def decimal(value: Any) -> str | None:
    """Return a number as plain decimal text, every digit kept."""
    number = _number(value)
    return None if number is None else format(number, "f")


def integer(value: Any) -> int | None:
    """Return a whole number; a custom field without decimals prints ``250.0``."""
    number = _number(value)
    if number is None:
        return None
    if number == number.to_integral_value():
        return int(number)
    message = "not a whole number"
    raise ValueError(message)


def boolean(value: Any) -> bool | None:
    """Return a boolean."""
    if value is None or value == "":
        return None
    found = value if isinstance(value, bool) else _WORDS.get(str(value).lower())
    if found is None:
        message = "not a boolean"
        raise ValueError(message)
    return found


def moment(value: Any) -> str | None:
    """Return an instant as ISO text in UTC with milliseconds: texts then sort like times."""
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        message = "not a time"
        raise ValueError(message) from None
    if len(value) in _PRINTED and value[_MILLISECONDS:] in {"+0000", "Z"}:
        return (
            f"{value[:_MILLISECONDS]}Z"  # what Salesforce prints; taking it apart again costs most of a read
        )
    return printed(found if found.tzinfo else found.replace(tzinfo=UTC))


def printed(at: datetime) -> str:
    """Return an aware time as the tap writes it."""
    own = at.astimezone(UTC)
    return own.strftime("%Y-%m-%dT%H:%M:%S.") + f"{own.microsecond // 1000:03}Z"


def day(value: Any) -> str | None:
    """Return a day as ISO text; of a time, the day it is in UTC."""
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        message = "not a day"
        raise ValueError(message) from None


def for_property(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return the converter for a column, given its JSON Schema."""
    kinds = schema["type"]
    if "string" in kinds:
        return _BY_FORMAT.get(schema.get("format", ""), text)
    return integer if "integer" in kinds else boolean


def _number(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = "not a number"
        raise ValueError(message)
    return number


_BY_FORMAT: dict[str, Callable[[Any], Any]] = {"date-time": moment, "date": day, "singer.decimal": decimal}
