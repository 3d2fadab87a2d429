"""Fields of an object as `describe` shows them to our user, and values on the way in and out.

A field that field-level security hides is not described at all. Salesforce rounds a number to the decimals of its field
without a word, so a number with more is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.kit.outcome import Value

#: A value as it goes into JSON.
Spelt = str | bool | Decimal | None
#: Digits of a number that is described without a precision.
_DIGITS = 18


class NotWritableError(ValueError):
    """A value that the field cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field, as our user sees it.

    Args:
        name: Its API name.
        type: Salesforce's word: ``double``, ``currency``, ``date``, ``string``, …
        updateable: Whether our user may change it.
        createable: Whether our user may set it in a new record.
        is_key: Whether records can be found by it.
        precision: Digits in all, of a number.
        scale: Digits behind the point.
    """

    name: str
    type: str
    updateable: bool
    createable: bool
    is_key: bool
    precision: int
    scale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One object, as our user sees it.

    Args:
        fields: By name.
        updateable: Whether our user may change its records.
        createable: Whether our user may make some.
    """

    fields: Mapping[str, Field]
    updateable: bool
    createable: bool


def described(answer: Mapping[str, Any]) -> Described:
    """Return what a describe says."""
    rows = answer.get("fields") or []
    return Described(
        fields={row["name"]: _field(row) for row in rows if isinstance(row, dict) and row.get("name")},
        updateable=bool(answer.get("updateable")),
        createable=bool(answer.get("createable")),
    )


def _field(row: Mapping[str, Any]) -> Field:
    return Field(
        name=row["name"],
        type=str(row.get("type") or ""),
        updateable=bool(row.get("updateable")),
        createable=bool(row.get("createable")),
        is_key=bool(row.get("externalId")),
        precision=int(row.get("precision") or 0),
        scale=int(row.get("scale") or 0),
    )


def _number(value: Value, field: Field) -> Decimal:
    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation as error:
        raise NotWritableError("not a number") from error
    if not number.is_finite():
        raise NotWritableError("not a finite number")
    if abs(number) >= Decimal(10) ** ((field.precision or _DIGITS) - field.scale):
        raise NotWritableError("too large for the field")
    kept = number.quantize(Decimal(1).scaleb(-field.scale))
    if kept != number:
        msg = f"more than {field.scale} decimals, which Salesforce would round"
        raise NotWritableError(msg)
    return kept


def _date(value: Value, _field: Field) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise NotWritableError("not a date") from error


def _time(value: Value, _field: Field) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise NotWritableError("not a time") from error
    if moment.tzinfo is None:
        raise NotWritableError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _truth(value: Value, _field: Field) -> bool:
    if isinstance(value, bool):
        return value
    raise NotWritableError("neither true nor false")


def _text(value: Value, _field: Field) -> str:
    return str(value)


def _nothing(_value: Value, field: Field) -> str:
    msg = f"it holds {field.type}, which is not written"
    raise NotWritableError(msg)


_NUMBERS = dict.fromkeys(("double", "currency", "int"), _number)
_TEXTS = dict.fromkeys(("string", "textarea"), _text)
#: Types of field that a figure may go into.
FIGURES: Mapping[str, Callable[[Value, Field], Spelt]] = {**_NUMBERS, **_TEXTS, "date": _date}
#: And those that an imported record may have besides.
KINDS: Mapping[str, Callable[[Value, Field], Spelt]] = {
    **FIGURES,
    **dict.fromkeys(("picklist", "email", "phone", "url", "reference", "id"), _text),
    "datetime": _time,
    "boolean": _truth,
}


def spelt(value: Value, field: Field) -> Spelt:
    """Return ``value`` as it goes into JSON; a none empties the field.

    Raises:
        NotWritableError: The field cannot hold it.
    """
    if value is None or value == "":
        return None
    try:
        return KINDS.get(field.type, _nothing)(value, field)
    except NotWritableError as error:
        msg = f"{field.name}: {error}"
        raise NotWritableError(msg) from None


def shown(value: Any, field: Field) -> Value:
    """Return a value that was read: numbers as plain decimal text."""
    if value is None or isinstance(value, bool):
        return value
    if field.type in _NUMBERS:
        return format(Decimal(str(value)), "f")
    return str(value)
