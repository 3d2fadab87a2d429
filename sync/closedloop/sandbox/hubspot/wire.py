"""How times, money and ids are written."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
APP_ID, APP_NAME, ACCOUNT_ID, PORTAL = 18_221_010, "Event importer", "closedloop-demo", 147_893_286


def whole(moment: datetime) -> datetime:
    """Return a time as HubSpot keeps it: UTC, in milliseconds."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@lru_cache(maxsize=1 << 16)
def stamp(moment: datetime) -> str:
    """Return a time as ISO text with milliseconds and Z."""
    return whole(moment).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def epoch(moment: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_epoch(milliseconds: int) -> datetime:
    """Return the time that milliseconds since 1970 mean."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def money(minor: int, digits: int) -> str:
    """Return an amount of minor units as HubSpot prints a number."""
    return plain(Decimal(minor).scaleb(-digits))


def plain(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def guid(text: str) -> str:
    """Return a stable GUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))
