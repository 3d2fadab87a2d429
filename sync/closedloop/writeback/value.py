"""Field values as we compare and keep them.

Vendors print one number in many ways (12.3, "12.30", 12.300), and some cannot leave a number empty.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

#: A plan has hundreds of thousands of values: the standard library takes ten times as long.
_encode, _decode = msgspec.json.encode, msgspec.json.decode

#: What a field holds; money and ratios are decimal text in major units.
Value = str | int | bool | None


class Slot(NamedTuple):
    """One field of one record of one connection."""

    object: str
    record_id: str
    field: str


def plain(value: object) -> Value:
    """Return a value of a database or of JSON as text, whole number, flag or none."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def number(value: Value) -> Decimal | None:
    """Return the finite number that ``value`` is or spells, if any."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def is_empty(value: Value) -> bool:
    """Whether the field holds nothing: none, an empty text, or the `false` some vendors print for nothing."""
    return value is None or value is False or value == ""


def is_nothing(value: Value) -> bool:
    """Whether the field is empty or zero, which vendors whose numbers cannot be empty do not tell apart."""
    return is_empty(value) or number(value) == 0


def same(one: Value, other: Value) -> bool:
    """Whether two values mean the same, whatever way they are printed. Empty and zero differ."""
    if is_empty(one) or is_empty(other):
        return is_empty(one) and is_empty(other)
    left, right = number(one), number(other)
    if left is not None and right is not None:
        return left == right
    return str(one) == str(other)


def stands_for(kept: Value, shown: Value) -> bool:
    """Whether a vendor that was given ``kept`` may show ``shown``: zero may stand for an empty number."""
    return same(kept, shown) or (is_empty(kept) and is_nothing(shown))


def may_become(kept: Value, shown: Value) -> bool:
    """Whether a field with fewer digits, or a shorter one, may show ``shown`` for ``kept``: rounded, or cut at its end."""
    left, right = number(kept), number(shown)
    if left is None or right is None:
        return isinstance(kept, str) and isinstance(shown, str) and bool(shown) and kept.startswith(shown)
    unit = Decimal(1).scaleb(min(0, _exponent(right)))
    return _exponent(left) < min(0, _exponent(right)) and abs(left - right) < unit


def _exponent(value: Decimal) -> int:
    return int(value.normalize().as_tuple().exponent)


def to_json(value: Value) -> str:
    """Return ``value`` as the operational database keeps it."""
    return _encode(value).decode()


def from_json(text: str | None) -> Value:
    """Return what `to_json` wrote; a database null is an empty field."""
    if text is None:
        return None
    value: Value = _decode(text)
    return value
