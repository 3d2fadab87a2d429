"""Turns what Odoo prints into what the schema says.

Odoo prints an empty value of any type as ``false``, so only the column's type tells a boolean from an empty one.
Times are naive UTC to the second. Numbers are JSON floats.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_SIX = Decimal("0.000001")
#: Length of `2026-11-21 20:31:57`.
_DATETIME = 19


def text(value: Any) -> str | None:
    """Return text; a many2one gives its display name."""
    if value is False or value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _pair(value)[1]
    return decimal(value) if isinstance(value, float) else str(value)


def reference(value: Any) -> str | None:
    """Return text; a many2one gives its id, because a name is no reference."""
    return str(_pair(value)[0]) if isinstance(value, list) else text(value)


def integer(value: Any) -> int | None:
    """Return a whole number; a many2one gives its id."""
    if value is False or value is None:
        return None
    if isinstance(value, list):
        value = _pair(value)[0]
    if isinstance(value, int) and value is not True:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    message = "not a whole number"
    raise ValueError(message)


def display_name(value: Any) -> str | None:
    """Return the name beside a many2one's id, where it was asked for."""
    return _pair(value)[1] if isinstance(value, list) else None


def boolean(value: Any) -> bool | None:
    """Return a boolean."""
    if value is None or isinstance(value, bool):
        return value
    message = "not a boolean"
    raise ValueError(message)


def decimal(value: Any) -> str | None:
    """Return a number as decimal text, rounded half to even at six places.

    Odoo stores money as exact numerics but computes and prints it as binary floats, so that 0.1 + 0.2 arrives as
    0.30000000000000004. No currency has more than four decimals; six take the noise away and keep every real digit.
    """
    return _number(value, places=True)


def exact(value: Any) -> str | None:
    """Return a number as decimal text with every digit Odoo printed: rates have twelve and more."""
    return _number(value, places=False)


def moment(value: Any) -> str | None:
    """Return a time as ISO text with `Z`."""
    if value is False or value is None:
        return None
    if not isinstance(value, str) or len(value) < _DATETIME:
        message = "not a time"
        raise ValueError(message)
    datetime.fromisoformat(value)
    return f"{value[:10]}T{value[11:19]}Z"


def day(value: Any) -> str | None:
    """Return a date as ISO text."""
    if value is False or value is None:
        return None
    if not isinstance(value, str):
        message = "not a date"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    date.fromisoformat(value)
    return value


def document(value: Any) -> dict[str, Any] | None:
    """Return a JSON object."""
    if value is False or value is None:
        return None
    if isinstance(value, dict):
        return value
    message = "not an object"
    raise ValueError(message)


def for_property(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return the converter for a column, given its JSON Schema."""
    kinds = schema["type"]
    if "string" in kinds:
        return _BY_FORMAT.get(schema.get("format", ""), text)
    return next(convert for kind, convert in _BY_TYPE.items() if kind in kinds)


_BY_FORMAT: dict[str, Callable[[Any], Any]] = {"date-time": moment, "date": day, "singer.decimal": decimal}
_BY_TYPE: dict[str, Callable[[Any], Any]] = {"integer": integer, "boolean": boolean, "object": document}


def _pair(value: list[Any]) -> tuple[int, str | None]:
    """Return id and name of a many2one: ``[7, "Azure Interior"]``."""
    if len(value) == 2 and isinstance(value[0], int):  # noqa: PLR2004
        return value[0], value[1] or None
    message = "not one reference"
    raise ValueError(message)


def _number(value: Any, *, places: bool) -> str | None:
    if value is False or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = "not a number"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    if isinstance(value, float) and not math.isfinite(value):
        message = "not a finite number"
        raise ValueError(message)
    printed = repr(value)
    whole, _, fraction = printed.partition(".")
    if not fraction:
        return printed if "e" not in printed else _plain(Decimal(printed), places=places)
    if len(fraction) > 6 or "e" in fraction:  # noqa: PLR2004
        return _plain(Decimal(printed), places=places)
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else ("0" if whole == "-0" else whole)


def _plain(number: Decimal, *, places: bool) -> str:
    rounded = number.quantize(_SIX, rounding=ROUND_HALF_EVEN) if places else number
    printed = format(rounded, "f")
    if "." in printed:
        printed = printed.rstrip("0").rstrip(".")
    return "0" if printed in {"-0", ""} else printed
