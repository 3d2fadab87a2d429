"""How Xero prints: dates as milliseconds in a word, business days twice, numbers bare."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def encode(value: Any) -> bytes:
    """Return an answer's body."""
    return _encode(printed(value))


def printed(value: Any) -> Any:
    """Return a value as Xero prints it: business days also as text beside."""
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list):
        return [printed(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, date):
        return word(value)
    return value


def _object(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, date) and not isinstance(one, datetime) and name in {"Date", "DueDate"}:
            found[f"{name}String"] = f"{one.isoformat()}T00:00:00"
        found[name] = printed(one)
    return found


def word(value: date) -> str:
    """Return an instant or a day as ``/Date(1539993600000+0000)/``."""
    moment = (
        value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    )
    return f"/Date({(moment - _EPOCH) // timedelta(milliseconds=1)}+0000)/"
