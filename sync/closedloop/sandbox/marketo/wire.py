"""How Marketo prints: assets their times with both marks of UTC, the lead database with one; numbers bare."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

encode = msgspec.json.Encoder(decimal_format="number").encode


def asset(value: Any) -> Any:
    """Return an asset as it is printed: the day of a period cost is a time of day too."""
    if isinstance(value, dict):
        return {name: asset(one) for name, one in value.items()}
    if isinstance(value, list):
        return [asset(one) for one in value]
    return f"{stamp(value)}+0000" if isinstance(value, datetime) else _plain(value)


def record(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return some fields of a record of the lead database; one without a value is left out."""
    found = {name: row.get(name) for name in names}
    return {
        name: stamp(one) if isinstance(one, datetime) else one
        for name, one in found.items()
        if one is not None
    }


def cell(value: Any) -> str:
    """Return a value as a cell of a bulk file; no value is a word."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bool):
        return str(value).lower()
    return encode(value).decode() if isinstance(value, dict | list) else str(value)


def stamp(moment: datetime) -> str:
    """Return a time in UTC with one mark."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def token(text: str) -> str:
    """Return the token that stands for a place in a listing."""
    return base64.b32encode(text.encode()).decode()


def place(given: str) -> str:
    """Return the place that a token stands for.

    Raises:
        ValueError: It stands for none.
    """
    return base64.b32decode(given.encode()).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value if value is None or isinstance(value, str | int | float | bool) else value.isoformat()
