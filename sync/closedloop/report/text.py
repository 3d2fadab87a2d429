"""How figures look to a person, and how text is made harmless in a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datetime import date

#: What stands where there is no figure. Never 0: nothing known is not nothing earned.
BLANK = "\N{EN DASH}"
#: A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Writes amounts in the company's currency.

    Args:
        currency: ISO code, printed once a table and not in each cell.
        digits: Digits of its minor unit.
    """

    currency: str
    digits: int

    def exact(self, minor: int | None) -> str:
        """Write minor units to the last cent: ``-1,234.50``."""
        return BLANK if minor is None else f"{self.major(minor):,.{self.digits}f}"

    def whole(self, minor: int | None) -> str:
        """Write minor units rounded to whole currency: ``1,235``."""
        return BLANK if minor is None else f"{self.major(minor).quantize(Decimal(1), 'ROUND_HALF_UP'):,f}"

    def major(self, minor: int) -> Decimal:
        """Return minor units as an exact amount in major units."""
        return Decimal(minor).scaleb(-self.digits)


def percent(ratio: Decimal | None, *, signed: bool = False) -> str:
    """Write a ratio as whole percent: ``0.345`` as ``35 %``."""
    if ratio is None:
        return BLANK
    value = (Decimal(ratio) * 100).quantize(Decimal(1), "ROUND_HALF_UP")
    return f"{value:+,f} %" if signed else f"{value:,f} %"


def count(value: int | None) -> str:
    """Write a whole number."""
    return BLANK if value is None else f"{value:,}"


def day(value: date | None) -> str:
    """Write a date the way that means the same everywhere."""
    return BLANK if value is None else value.isoformat()


def link(url: str | None) -> str | None:
    """Return the address if a browser may follow it safely: http and https only, never a script."""
    if not url:
        return None
    return url if urlsplit(url).scheme in {"http", "https"} else None


def cell(value: object) -> str:
    """Return a value for a CSV cell; text that a spreadsheet would run as a formula is quoted with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return str(value)
