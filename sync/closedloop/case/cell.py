"""One cell: text as a person writes it, to text as the store takes it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.config.problem import did_you_mean
from closedloop.models import entities

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,9}))?\s?(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
#: A currency's code.
CURRENCY = re.compile(r"[A-Z]{3}")
_YES = {"true": "true", "1": "true", "false": "false", "0": "false"}
#: Larger amounts are no money but a slip, and would leave the models' integers.
_MOST = 10**16
_PLACES = {entities.RATE: 12, entities.SHARE: 6}


class CellError(ValueError):
    """A cell that cannot be used.

    Args:
        message: What is wrong with it, without its value.
        fix: What to write instead.
    """

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def money(text: str, digits: int) -> str:
    """Return an amount in minor units as major units: ``12550`` of dollars is ``125.50``.

    Args:
        text: The cell.
        digits: Decimals of the currency.

    Raises:
        CellError: It is no whole number, or too large to be money.
    """
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        point = "." in text or "," in text
        raise CellError(
            "money is a whole number of minor units"
            + (", without a decimal point or separators" if point else ""),
            "write cents: 125.50 USD is 12550, 125 JPY is 125, 1.250 KWD is 1250",
        )
    amount = int(text)
    if abs(amount) >= _MOST:
        raise CellError("the amount has more than 16 digits", "write minor units of the currency")
    return format(Decimal(amount).scaleb(-digits), "f")


def value(kind: str, text: str, zone: ZoneInfo) -> str:
    """Return a cell of any other type as the store takes it.

    Args:
        kind: The type, one of `closedloop.models.entities`.
        text: The cell.
        zone: Where a time without a zone is.

    Raises:
        CellError: It is not of this type.
    """
    if kind == entities.TEXT:
        return text
    text = text.strip()
    if kind == entities.COUNT:
        if not _WHOLE.fullmatch(text) or abs(int(text)) >= _MOST:
            raise CellError("this is not a whole number", "write digits only")
        return text
    if kind == entities.YES:
        if text.lower() not in _YES:
            raise CellError("this is neither true nor false", "write true, false, 1 or 0")
        return _YES[text.lower()]
    if kind in _PLACES:
        return _number(kind, text)
    return _day(text) if kind == entities.DAY else _time(text, zone)


def word(text: str, known: Iterable[str]) -> str:
    """Return a cell that holds one of a few words.

    Raises:
        CellError: It is none of them.
    """
    text = text.strip()
    if text not in known:
        raise CellError("there is no such word for it", did_you_mean(text.lower(), known))
    return text


def currency(text: str) -> str:
    """Return a currency's code.

    Raises:
        CellError: It is no code of three capital letters.
    """
    text = text.strip()
    if not CURRENCY.fullmatch(text):
        raise CellError("this is no currency", "write its code in three capital letters, such as USD")
    return text


def _number(kind: str, text: str) -> str:
    found = _DECIMAL.fullmatch(text)
    if not found or not (found[2] or found[3]):
        raise CellError("this is not a decimal number", "write digits and a point, such as 0.25")
    places = _PLACES[kind]
    if len((found[3] or "").rstrip("0")) > places:
        msg = f"there are more than {places} decimals"
        raise CellError(msg, "a rate is taken as the ledger prints it: round it as the ledger does")
    number = Decimal(text)
    if kind == entities.SHARE and not 0 <= number <= 1:
        raise CellError("a share lies between 0 and 1", "25 % is 0.25")
    if kind == entities.RATE and number <= 0:
        raise CellError("a rate is above zero", "write the rate as the ledger prints it, or leave it blank")
    if kind == entities.RATE and number >= 10**12:
        raise CellError("the rate is too large", "write the rate as the ledger prints it")
    return format(number, "f")


def _parts(text: str) -> re.Match[str]:
    found = _TIME.fullmatch(text)
    if found:
        try:
            date.fromisoformat(found[1])
        except ValueError:
            raise CellError("there is no such day", "check year, month and day") from None
        return found
    raise CellError("this is not an ISO date", "write 2026-03-31, or 2026-03-31T14:05:00Z")


def _day(text: str) -> str:
    # As written, whatever zone stands behind it: a document's date is the one that is printed on it.
    return _parts(text)[1]


def _time(text: str, zone: ZoneInfo) -> str:
    day, clock, fraction, offset = _parts(text).groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}")
        if offset and offset not in "Zz":
            moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
        elif offset:
            moment = moment.replace(tzinfo=UTC)
        else:
            moment = moment.replace(tzinfo=zone)
        whole = moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError):
        raise CellError("there is no such time", "write 2026-03-31T14:05:00Z") from None
    return f"{whole}.{(fraction or '0')[:6]}+00"
