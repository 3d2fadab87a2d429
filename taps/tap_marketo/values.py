"""Turns what Marketo prints into what the schema says.

Assets print their times with both marks of UTC, ``2015-05-21T22:45:13Z+0000``, which no ISO reader takes; the lead
database prints ``2015-05-21T22:45:13Z``. In a bulk file a missing value is the word ``null``, and everything is text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind = Literal["text", "decimal", "time", "whole", "yes", "list", "object"]

_TEXT: dict[str, Any] = {"type": ["string", "null"]}
#: What a column's kind is in JSON Schema.
TYPES: Mapping[str, dict[str, Any]] = {
    "text": _TEXT,
    "decimal": {**_TEXT, "format": "singer.decimal"},
    "time": {**_TEXT, "format": "date-time"},
    "whole": {"type": ["integer", "null"]},
    "yes": {"type": ["boolean", "null"]},
    "list": {"type": ["array", "null"]},
    "object": {"type": ["object", "null"]},
}
_BOTH_MARKS = re.compile(r"Z([+-]\d{2}:?\d{2})$")
_ANSWERS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def text(value: Any) -> str | None:
    """Return text; empty text is none."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    message = "not text"
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


def whole(value: Any) -> int | None:
    """Return a whole number; ``12.0`` is one."""
    plain = decimal(value)
    if plain is None:
        return None
    number = Decimal(plain)
    if number != number.to_integral_value():
        message = "not a whole number"
        raise ValueError(message)
    return int(number)


def boolean(value: Any) -> bool | None:
    """Return a boolean."""
    if value is None or value == "":
        return None
    found = _ANSWERS.get(str(value).lower())
    if found is None:
        message = "not a boolean"
        raise ValueError(message)
    return found


def moment(value: Any) -> str | None:
    """Return an instant as ISO text in UTC, whole seconds: texts then sort like times."""
    found = instant(value)
    return None if found is None else found.strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(value: Any) -> datetime | None:
    """Return the aware time that Marketo's text means.

    Raises:
        ValueError: It is no time.
    """
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(_BOTH_MARKS.sub(r"\1", str(value)))
    except ValueError:
        message = "not a time"
        raise ValueError(message) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def rows(value: Any) -> list[Any] | None:
    """Return a list as it came."""
    if value is None or isinstance(value, list):
        return value
    message = "not a list"
    raise ValueError(message)


def named(value: Any) -> dict[str, Any] | None:
    """Return attributes by name: they come as a list of names and values, in a bulk file as the text of an object."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value, type=dict[str, Any])
        except msgspec.DecodeError:
            value = 0
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        value = {str(one.get("name")): one.get("value") for one in value}
    if not isinstance(value, dict):
        message = "not attributes"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    return value


CONVERTERS: Mapping[Kind, Callable[[Any], Any]] = {
    "text": text,
    "decimal": decimal,
    "whole": whole,
    "yes": boolean,
    "time": moment,
    "list": rows,
    "object": named,
}
