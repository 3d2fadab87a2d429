"""Currencies and their rates: foreign units for one home unit, monthly, with few digits."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal

from closedloop.sandbox.world.draw import AS_OF, stream
from closedloop.sandbox.world.entities import Currency, Rate

CURRENCIES = (Currency(code="USD", digits=2), Currency(code="EUR", digits=2), Currency(code="JPY", digits=0))
DIGITS = {currency.code: currency.digits for currency in CURRENCIES}
HOME = CURRENCIES[0].code


def make_rates(seed: int) -> tuple[Rate, ...]:
    """Return a rate for every month from 2022 to the world's last."""
    rng = stream(seed, "rates")
    months = [date(year, month, 1) for year in range(2022, AS_OF.year + 1) for month in range(1, 13)]
    months = [month for month in months if month <= AS_OF]
    euro = [Rate(currency="EUR", day=month, rate=Decimal(rng.randrange(84, 99)) / 100) for month in months]
    yen = [Rate(currency="JPY", day=month, rate=Decimal(rng.randrange(131, 159))) for month in months]
    return (*euro, *yen)


class Table:
    """Finds the rate of a day: the last one on or before it."""

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self._days: dict[str, list[date]] = {}
        self._rates: dict[str, list[Decimal]] = {}
        for rate in sorted(rates, key=lambda rate: (rate.currency, rate.day)):
            self._days.setdefault(rate.currency, []).append(rate.day)
            self._rates.setdefault(rate.currency, []).append(rate.rate)

    def on(self, currency: str, day: date) -> Decimal:
        """Return foreign units for one home unit; the home currency itself is 1."""
        if currency == HOME:
            return Decimal(1)
        return self._rates[currency][bisect_right(self._days[currency], day) - 1]
