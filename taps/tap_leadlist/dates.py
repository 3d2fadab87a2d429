"""Days and times as spreadsheets print them. What can be read two ways is not read at all until somebody says how."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from tap_leadlist.refusal import RefusedRowError

Order = Literal["day_first", "month_first"]

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?=\D|$)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?=T|\s|$)")
_TWO_WAYS = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})(?=\D|$)")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(\d{4}|\d{2})(?=\D|$)")
_DAY_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+([^\W\d_]{3,10})\.?,?[\s-]+(\d{4}|\d{2})(?=\D|$)")
_NAME_DAY = re.compile(r"([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?=\D|$)")
_WEEKDAY = re.compile(r"^[^\W\d_]{2,10}\.?,\s+(?=\S)")
_TIME = re.compile(
    r"(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap])?\.?(?:m\.?)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_MONTHS = (
    ("jan", "ene", "gen"), ("feb", "fev"), ("mar", "maer", "mrz"), ("apr", "avr", "abr"), ("may", "mai", "mag"), ("jun", "juin", "giu"),
    ("jul", "juil", "lug"), ("aug", "aou", "ago"), ("sep", "set"), ("oct", "okt", "ott"), ("nov",), ("dec", "dez", "dic"),
)  # fmt: skip
_LARGEST_MONTH = 12
_CENTURY = 2000
_NOON = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A moment as a list tells it.

    Args:
        day: The day, in the list's zone.
        at: The time in UTC; none where only the day is told.
    """

    day: date
    at: datetime | None


def two_ways(text: str) -> tuple[int, int] | None:
    """Return the two numbers of a day that may be day and month or month and day; none for any other text."""
    found = _TWO_WAYS.match(text.strip())
    return (int(found[1]), int(found[3])) if found and found[1] != found[3] else None


def order(first: int, second: int) -> Order | None:
    """Return in which order a column puts day and month, from the largest number in each place; none: both may be.

    Args:
        first: Largest first number of any of its days.
        second: Largest second number.
    """
    if first > _LARGEST_MONTH >= second:
        return "day_first"
    return "month_first" if second > _LARGEST_MONTH >= first else None


@lru_cache(maxsize=8192)
def read(text: str, order: Order | None, zone: str) -> When:
    """Return the moment that a cell tells.

    Args:
        text: The cell.
        order: Of day and month where they may be either.
        zone: IANA name of the zone that times without one are in.

    Raises:
        RefusedRowError: It is no day, or one with two readings.
    """
    words = _WEEKDAY.sub("", " ".join(text.split()))
    day, rest = _day(words, order)
    rest = rest.strip(" ,T-")
    if not rest:
        return When(day=day, at=None)
    found = _TIME.fullmatch(rest)
    if found is None:
        raise RefusedRowError("the date cannot be read")
    moment = datetime.combine(day, _clock(found), _zone(found[5], zone))
    return When(day=day, at=moment.astimezone(UTC))


def is_time(text: str) -> bool:
    """Whether a cell holds a time of day and nothing else."""
    return _TIME.fullmatch(text.strip()) is not None


def _day(text: str, order: Order | None) -> tuple[date, str]:
    for pattern in (_YEAR_FIRST, _COMPACT):
        if found := pattern.match(text):
            return _made(found[1], found[2], found[3]), text[found.end() :]
    if found := _TWO_WAYS.match(text):
        return _either(found, order), text[found.end() :]
    if found := _DOTTED.match(text):
        return _made(found[3], found[2], found[1]), text[found.end() :]
    if found := _DAY_NAME.match(text):
        return _made(found[3], _month(found[2]), found[1]), text[found.end() :]
    if found := _NAME_DAY.match(text):
        return _made(found[3], _month(found[1]), found[2]), text[found.end() :]
    raise RefusedRowError("the date cannot be read")


def _either(found: re.Match[str], order: Order | None) -> date:
    one, two = int(found[1]), int(found[3])
    if order is None:
        if max(one, two) <= _LARGEST_MONTH and one != two:
            raise RefusedRowError("the date has two readings: set `dates` to day_first or month_first")
        order = "month_first" if two > _LARGEST_MONTH else "day_first"
    day, month = (one, two) if order == "day_first" else (two, one)
    return _made(found[4], month, day)


def _made(year: str | int, month: str | int, day: str | int) -> date:
    number = int(year)
    try:
        return date(number + _CENTURY if number < 100 else number, int(month), int(day))  # noqa: PLR2004 (two digits)
    except ValueError:
        raise RefusedRowError("there is no such day") from None


def _month(name: str) -> int:
    letters = unicodedata.normalize("NFKD", name.casefold().replace("ä", "ae"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for number, starts in enumerate(_MONTHS, start=1):
        if bare.startswith(starts):
            return number
    raise RefusedRowError("the month cannot be read")


def _clock(found: re.Match[str]) -> time:
    hour, half = int(found[1]), (found[4] or "").lower()
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    try:
        return time(hour, int(found[2]), int(found[3] or 0))
    except ValueError:
        raise RefusedRowError("there is no such time") from None


def _zone(text: str | None, zone: str) -> tzinfo:
    if not text:
        return ZoneInfo(zone)
    if text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=hours, minutes=minutes))
