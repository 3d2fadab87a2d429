"""Values on the way into HubSpot and out of it: every one is text, an empty text empties the property."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.kit.outcome import Value


class NotWritableError(ValueError):
    """A value that the property cannot hold."""


def _number(value: Value) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        msg = "not a number"
        raise NotWritableError(msg) from error
    if not number.is_finite():
        raise NotWritableError("not a finite number")
    return format(number, "f")


def _date(value: Value) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        msg = "not a date"
        raise NotWritableError(msg) from error


def _moment(value: Value) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        msg = "not a time"
        raise NotWritableError(msg) from error
    if moment.tzinfo is None:
        raise NotWritableError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _flag(value: Value) -> str:
    found = str(value).lower()
    if found not in {"true", "false"}:
        raise NotWritableError("neither true nor false")
    return found


#: Types of property that a value may go into.
KINDS: dict[str, Callable[[Value], str]] = {
    "number": _number,
    "date": _date,
    "datetime": _moment,
    "string": str,
    "phone_number": str,
    "enumeration": str,
    "bool": _flag,
}


def spelt(value: Value, *, kind: str, field: str) -> str:
    """Return ``value`` as HubSpot takes it.

    Raises:
        NotWritableError: The property cannot hold it.
    """
    if value is None or value == "":
        return ""
    try:
        return KINDS[kind](value)
    except NotWritableError as error:
        msg = f"{field}: {error}"
        raise NotWritableError(msg) from None


def shown(value: Any, *, kind: str) -> Value:
    """Return a value that HubSpot answered: its dates may be the milliseconds of a midnight in UTC."""
    if value is None or value == "":
        return None
    found = str(value)
    if kind == "date" and found.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(found) / 1000, tz=UTC).date().isoformat()
    return found
