"""What a client sends, as a field keeps it, or the refusal of it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.ids import is_id, long_id
from closedloop.sandbox.salesforce.soql import read_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.database import Database
    from closedloop.sandbox.salesforce.schema import Field

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_KINDS = {"int": "int", "boolean": "boolean", "date": "date", "datetime": "datetime"}


def converted(field: Field, value: Any, database: Database) -> Any:
    """Return a value as the field keeps it; an empty text is no value.

    Raises:
        RefusedError: It does not fit.
    """
    if value is None or value == "":
        return False if field.type == "boolean" and value is None else None
    if field.type == "reference":
        return _reference(field, value, database)
    read = _READERS.get(field.type)
    if read is None:
        return _text(field, value)
    try:
        return read(field, value)
    except (ValueError, InvalidOperation) as error:
        message = f"Cannot deserialize instance of {_KINDS.get(field.type, 'double')} from VALUE_STRING value {value}"
        raise RefusedError("JSON_PARSER_ERROR", message) from error


def _boolean(_field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError(value)
    return known[str(value).lower()]


def _number(field: Field, given: Any) -> Decimal:
    value = Decimal(str(given))
    if abs(value) >= Decimal(10) ** (field.precision - field.scale):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise RefusedError("NUMBER_OUTSIDE_VALID_RANGE", message, fields=(field.name,))
    return round(value, field.scale)


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        message = f"Cannot deserialize instance of string from VALUE_NUMBER_FLOAT value {value}"
        raise RefusedError("JSON_PARSER_ERROR", message)
    if field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value} (max length={field.length})"
        raise RefusedError("STRING_TOO_LONG", message, fields=(field.name,))
    if field.type == "email" and not _EMAIL.fullmatch(value):
        message = f"{field.label}: invalid email address: {value}"
        raise RefusedError("INVALID_EMAIL_ADDRESS", message, fields=(field.name,))
    if "r" in field.flags and field.values and value not in field.values:
        message = f"{field.label}: bad value for restricted picklist field: {value}"
        raise RefusedError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=(field.name,))
    return value


def _reference(field: Field, value: Any, database: Database) -> str:
    if not is_id(value):
        message = f"{field.label}: id value of incorrect type: {value}"
        raise RefusedError("MALFORMED_ID", message, fields=(field.name,))
    found = database.parent(value)
    if found is None or found[0] not in field.targets:
        raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if found[1].get("IsDeleted"):
        raise RefusedError("ENTITY_IS_DELETED", "entity is deleted", fields=(field.name,))
    return long_id(value)


_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "boolean": _boolean,
    "currency": _number,
    "double": _number,
    "percent": _number,
    "int": lambda _field, value: int(Decimal(str(value))),
    "date": lambda _field, value: date.fromisoformat(str(value)[:10]),
    "datetime": lambda _field, value: read_time(str(value)),
}
