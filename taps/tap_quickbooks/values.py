"""Turns what QuickBooks prints into what the schema says.

Amounts come as JSON numbers, now and then as text; both keep every printed digit, because the reader never makes a
float of them. Times carry the company's own offset and become UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What people write for a country, in capitals without dots → ISO 3166 code.
_COUNTRIES = {
    "USA": "US", "UNITED STATES": "US", "UNITED STATES OF AMERICA": "US", "AMERICA": "US",
    "UNITED KINGDOM": "GB", "UK": "GB", "GREAT BRITAIN": "GB", "ENGLAND": "GB", "SCOTLAND": "GB", "WALES": "GB",
    "CANADA": "CA", "CAN": "CA", "MEXICO": "MX", "BRAZIL": "BR", "GERMANY": "DE", "DEUTSCHLAND": "DE",
    "FRANCE": "FR", "SPAIN": "ES", "ITALY": "IT", "NETHERLANDS": "NL", "THE NETHERLANDS": "NL", "BELGIUM": "BE",
    "SWITZERLAND": "CH", "AUSTRIA": "AT", "IRELAND": "IE", "PORTUGAL": "PT", "SWEDEN": "SE", "NORWAY": "NO",
    "DENMARK": "DK", "FINLAND": "FI", "POLAND": "PL", "JAPAN": "JP", "CHINA": "CN", "INDIA": "IN",
    "SINGAPORE": "SG", "AUSTRALIA": "AU", "NEW ZEALAND": "NZ", "SOUTH AFRICA": "ZA", "ISRAEL": "IL",
    "UNITED ARAB EMIRATES": "AE", "UAE": "AE", "HONG KONG": "HK", "SOUTH KOREA": "KR",
}  # fmt: skip
_ISO2 = 2


def text(value: Any) -> str | None:
    """Return text; an empty one is none."""
    if value is None or value == "":
        return None
    if isinstance(value, dict | list):
        message = "not text"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    return str(value).lower() if isinstance(value, bool) else str(value)


def decimal(value: Any) -> str | None:
    """Return a number as decimal text with every digit QuickBooks printed."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        message = "not a number"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = "not a finite number"
        raise ValueError(message)
    return format(number, "f")


def boolean(value: Any) -> bool | None:
    """Return a boolean; text says it in words."""
    if value is None or isinstance(value, bool):
        return value
    known = {"true": True, "false": False}.get(str(value).lower())
    if known is None:
        message = "not a boolean"
        raise ValueError(message)
    return known


def integer(value: Any) -> int | None:
    """Return a whole number."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or number != int(number):
        message = "not a whole number"
        raise ValueError(message)
    return int(number)


def moment(value: Any) -> str | None:
    """Return a time as ISO text in UTC with `Z`.

    Raises:
        ValueError: It is no time, or it has no offset: it could be anywhere on the day.
    """
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        found = datetime.min  # noqa: DTZ901 (a mark without a zone, refused below)
    if found.tzinfo is None:
        message = "not a time with an offset"
        raise ValueError(message)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(value: Any) -> str | None:
    """Return a date as ISO text."""
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        message = "not a date"
        raise ValueError(message) from error


def structure(value: Any) -> Any:
    """Return a JSON value as it is."""
    return value


def country(value: Any) -> str | None:
    """Return the ISO code of a country that people wrote as they liked; none if we do not know the word."""
    word = " ".join(str(value or "").replace(".", "").upper().split())
    if len(word) == _ISO2 and word.isalpha():
        return _COUNTRIES.get(word, word)
    return _COUNTRIES.get(word)


def for_property(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return the converter for a column, given its JSON Schema."""
    kinds = schema["type"]
    if "string" in kinds:
        return _BY_FORMAT.get(schema.get("format", ""), text)
    return next((convert for kind, convert in _BY_TYPE.items() if kind in kinds), structure)


_BY_FORMAT: dict[str, Callable[[Any], Any]] = {"date-time": moment, "date": day, "singer.decimal": decimal}
_BY_TYPE: dict[str, Callable[[Any], Any]] = {"integer": integer, "boolean": boolean}
