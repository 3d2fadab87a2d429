"""Values on their way in and out: how Odoo checks what is written and prints what is read.

Inside, a row holds Python values: ``None`` for empty, naive UTC datetimes with microseconds, ids for relations.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from closedloop.sandbox.odoo.errors import value_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.odoo.schema import Field

DATE = "%Y-%m-%d"
DATETIME = "%Y-%m-%d %H:%M:%S"
#: How many characters of a text Odoo looks at when it reads a date or a time.
DATE_LENGTH = 10


def _number(value: object) -> float:
    try:
        return float(value or 0.0)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise value_error(str(error)) from error


def _integer(value: object) -> int:
    try:
        return int(value or 0)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError) as error:
        raise value_error(str(error)) from error


def _date(value: object) -> date | None:
    if isinstance(value, str):
        return parse_datetime(value[:DATE_LENGTH], DATE).date() if value else None
    return value if isinstance(value, date) else None


def _datetime(value: object) -> datetime | None:
    if isinstance(value, str):
        return parse_datetime(value, DATE if len(value) == DATE_LENGTH else DATETIME) if value else None
    return value if isinstance(value, datetime) else None


def parse_datetime(text: str, form: str) -> datetime:
    """Return the naive time that ``text`` states in the form ``form``.

    Raises:
        OdooError: It is not of that form (500 ValueError, with Python's own words).
    """
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - Odoo's texts carry no zone, they are UTC
    except ValueError as error:
        raise value_error(str(error)) from error


def _text(value: object) -> str | None:
    return None if value is None or value is False else str(value)


def _boolean(value: object) -> bool:
    return bool(value)


def _json(value: object) -> object:
    return value or None


_INWARD: dict[str, Callable[[object], object]] = {
    "integer": _integer,
    "many2one_reference": _integer,
    "float": _number,
    "monetary": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "char": _text,
    "text": _text,
    "html": _text,
    "json": _json,
}


def stored(model: str, field: Field, value: object) -> object:
    """Return ``value`` as the row keeps it. Many2one existence is the database's business.

    Raises:
        OdooError: The value is not of the field's type.
    """
    if field.type == "selection":
        return _choice(model, field, value)
    if field.type == "many2one":
        return _reference(value)
    if field.type in {"one2many", "many2many"}:
        return x2many(value)
    return _INWARD[field.type](value)


def _choice(model: str, field: Field, value: object) -> str | None:
    if not value:
        return None
    if field.selection and value not in {key for key, _ in field.selection}:
        message = f"Wrong value for {model}.{field.name}: {value!r}"
        raise value_error(message)
    return str(value)


def _reference(value: object) -> object:
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return value or None


def x2many(value: object) -> list[int]:
    """Return the ids that a list of ids, or of Odoo's link commands (4 and 6), stands for."""
    ids: list[int] = []
    for item in value if isinstance(value, list | tuple) else ():
        if isinstance(item, int):
            ids.append(item)
        elif item[0] == 6:  # noqa: PLR2004 - "replace by these ids" in Odoo's commands
            ids = list(item[2])
        elif item[0] == 4:  # noqa: PLR2004 - "link this id"
            ids.append(item[1])
    return ids


def _second(value: object) -> object:
    return str(value)[:19] if value is not None else False


def _or_false(value: object) -> object:
    return False if value is None else value


def _day(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else False


_OUTWARD: dict[str, Callable[[object], object]] = {
    "integer": lambda value: value or 0,
    "many2one_reference": lambda value: value or False,
    "float": lambda value: value or 0.0,
    "monetary": lambda value: value or 0.0,
    "boolean": bool,
    "date": _day,
    "datetime": _second,
    "one2many": lambda value: value or [],
    "many2many": lambda value: value or [],
}


def outward(field: Field) -> Callable[[object], object]:
    """Return the function that prints a value of this field: ``False`` for empty, times cut to seconds."""
    return _OUTWARD.get(field.type, _or_false)
