"""Field values on the way into `load` and out of `read`.

`load` takes texts. An empty text empties a field, but Odoo's numbers cannot be empty: they become 0 (seen on 19).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.kit.outcome import Value

#: Odoo keeps an integer in four bytes.
_LARGEST = 2**31 - 1


class NotWritableError(ValueError):
    """A value that the field cannot hold."""


def _number(value: Value) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        msg = "not a number"
        raise NotWritableError(msg) from error
    if isinstance(value, bool) or not number.is_finite():
        raise NotWritableError("not a finite number")
    return number


def _float(value: Value) -> str:
    return format(_number(value), "f")


def _integer(value: Value) -> str:
    number = _number(value)
    if number != number.to_integral_value():
        raise NotWritableError("not a whole number")
    if abs(number) > _LARGEST:
        raise NotWritableError("too large for an Odoo integer; use a decimal field")
    return format(number.to_integral_value(), "f")


def _date(value: Value) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        msg = "not a date"
        raise NotWritableError(msg) from error


#: Types of field that a figure may go into.
KINDS: dict[str, Callable[[Value], str]] = {
    "float": _float,
    "monetary": _float,
    "integer": _integer,
    "date": _date,
    "char": str,
    "text": str,
}


def _moment(value: Value) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        msg = "not a time"
        raise NotWritableError(msg) from error
    return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%Y-%m-%d %H:%M:%S")


#: And those that an imported record may have besides.
IMPORTED_KINDS: dict[str, Callable[[Value], str]] = {
    **KINDS,
    "selection": str,
    "many2one": str,
    "boolean": str,
    "datetime": _moment,
}


def spelt(value: Value, *, kind: str, field: str) -> str:
    """Return ``value`` as `load` takes it.

    Raises:
        NotWritableError: The field cannot hold it.
    """
    if value is None or value == "":
        return ""
    try:
        return IMPORTED_KINDS[kind](value)
    except NotWritableError as error:
        msg = f"{field}: {error}"
        raise NotWritableError(msg) from None


def shown(value: Any, *, kind: str) -> Value:
    """Return a value of `read`: Odoo prints `false` for empty; numbers with decimals become text."""
    if value is False or value is None:
        return None
    if kind in {"float", "monetary"}:
        return format(Decimal(repr(value)), "f")
    return value if isinstance(value, int) else str(value)
