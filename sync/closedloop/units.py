"""How lengths of time, shares, zones and names are written in `closedloop.yaml`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

#: How a length of time is written: 90s, 15m, 26h, 3d; and the word that makes a schedule of one.
SPAN = r"[1-9][0-9]{0,5}[smhd]"
EVERY = "every "
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    """Return a length of time as `Span` is written: ``15m``."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def _share(value: object) -> object:
    """Read `30%` as 0.30."""
    if not isinstance(value, (str, float)):
        return value
    text = str(value).strip()
    try:
        return Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)
    except InvalidOperation as error:
        message = f"{text} is not a share; write 30% or 0.3"
        raise ValueError(message) from error


def _zone(value: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{value} is not a time zone; write an IANA name such as America/Chicago"
        raise ValueError(message) from error
    return value


_SHARE_SCHEMA = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^[0-9.]+%?$"}]
}
Share = Annotated[Decimal, BeforeValidator(_share), Field(ge=0, le=1), WithJsonSchema(_SHARE_SCHEMA)]
Span = Annotated[str, Field(pattern=f"^{SPAN}$")]
Zone = Annotated[str, AfterValidator(_zone)]
Part = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=4)]
ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
ConnectionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Status = Literal["attended", "responded", "registered", "invited"]
