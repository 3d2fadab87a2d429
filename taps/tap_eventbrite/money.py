"""Eventbrite's amounts: an integer in the currency's minor unit, and since some years the major value beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.kit.columns import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Currencies whose minor unit is not a hundredth (ISO 4217).
_WHOLE = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def major(amount: Any) -> str | None:
    """Return an amount as decimal text in the major unit; where Eventbrite prints that itself, as it stands there.

    Raises:
        ValueError: It is no amount.
    """
    if amount is None:
        return None
    given = amount if isinstance(amount, dict) else {}
    if given.get("major_value"):
        return decimal(given["major_value"])
    value, currency = given.get("value"), given.get("currency")
    if isinstance(value, bool) or not isinstance(value, int):
        message = "not an amount of money"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return format(Decimal(value).scaleb(-digits), "f")


def majors(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return some amounts as decimal text, and the currency of the last.

    Raises:
        ValueError: One is no amount; the message names it.
    """
    found: dict[str, Any] = {}
    for name in names:
        amount = given.get(name)
        try:
            found[name] = major(amount)
        except ValueError as error:
            message = f"{name}: {error}"
            raise ValueError(message) from None
        if isinstance(amount, dict):
            found["currency"] = amount.get("currency")
    return found
