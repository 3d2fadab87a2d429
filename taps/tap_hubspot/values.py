"""Turns what HubSpot prints into what the schema says.

A property's value is text whatever its type, and empty text is none. Times come as ISO text or as milliseconds since
1970, days as ISO text or as the milliseconds of midnight UTC. Outside of properties numbers and booleans are JSON's own;
a number with a fraction arrives as text, as HubSpot printed it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_hubspot.kinds import Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SHARE = Decimal("1e-12")
#: What HubSpot prints most often is already as we want it. A day past the month's end is for the slow way to refuse.
_IN_SHAPE = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"
).fullmatch
#: Digits of milliseconds since 1970: a number of fewer is a year or a day.
_FEWEST = 9


def text(value: Any) -> str | None:
    """Return text; empty text is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    message = "not text"
    raise ValueError(message)


def decimal(value: Any) -> str | None:
    """Return a number as plain decimal text, every digit kept."""
    number = _number(value)
    return None if number is None else format(number, "f")


def share(value: Any) -> str | None:
    """Return a probability without the noise of the float it comes from."""
    number = _number(value)
    if number is None:
        return None
    try:
        return format(number.quantize(_SHARE).normalize(), "f")
    except InvalidOperation:
        message = "not a share"
        raise ValueError(message) from None


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
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        message = "not a boolean"
        raise ValueError(message)
    return found


def moment(value: Any) -> str | None:
    """Return an instant as ISO text in UTC with milliseconds: texts then sort like times."""
    if value is None or (isinstance(value, str) and _IN_SHAPE(value)):
        return value
    found = instant(value)
    return None if found is None else iso_ms(found)


def day(value: Any) -> str | None:
    """Return a day as ISO text."""
    found = instant(value)
    return None if found is None else found.date().isoformat()


def rows(value: Any) -> list[Any] | None:
    """Return a list as it came."""
    if value is None or isinstance(value, list):
        return value
    message = "not a list"
    raise ValueError(message)


def instant(value: Any) -> datetime | None:
    """Return the aware time that ISO text or milliseconds mean.

    Raises:
        ValueError: It is neither.
    """
    if value is None or value == "":
        return None
    plain = str(value)
    try:
        if plain.lstrip("-").isdigit() and len(plain) >= _FEWEST:
            return _EPOCH + timedelta(milliseconds=int(plain))
        found = datetime.fromisoformat(plain)
    except (OverflowError, ValueError):
        message = "not a time"
        raise ValueError(message) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def iso_ms(found: datetime) -> str:
    """Return an aware time as ISO text in UTC with milliseconds."""
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03}Z"


def millis(found: datetime) -> str:
    """Return an aware time as HubSpot's filters want it: milliseconds since 1970."""
    return str((found - _EPOCH) // _MILLISECOND)


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


CONVERTERS: Mapping[Kind, Callable[[Any], Any]] = {
    "text": text,
    "decimal": decimal,
    "share": share,
    "whole": whole,
    "yes": boolean,
    "time": moment,
    "day": day,
    "list": rows,
}
