"""Exact intervals of shares, which SQL cannot compute."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.store.analytical import Store

_SIX = Decimal("0.000001")


@cache
def clopper_pearson(hits: int, trials: int) -> tuple[Decimal, Decimal]:
    """Return the two-sided 95 % interval of a share by Clopper and Pearson, to six decimals.

    Args:
        hits: Won.
        trials: Won and lost; at least 1.

    Source: the beta form of the interval (Clopper and Pearson, Biometrika 26, 1934).
    """
    from scipy.special import betaincinv  # the Beta quantile itself: scipy.stats takes a second to import

    low = 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, 0.025))
    high = 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 0.975))
    return _rounded(low), _rounded(high)


def fill_win_rates(store: Store) -> None:
    """Write the interval of every win rate into ``marts.group_measures``, which the published tables read."""
    pairs = store.query("select distinct won, won + lost from marts.group_measures where won + lost > 0")
    for won, decided in pairs:
        low, high = clopper_pearson(won, decided)
        store.query(
            "update marts.group_measures set win_rate_low = ?, win_rate_high = ? where won = ? and won + lost = ?",
            [low, high, won, decided],
        )


def _rounded(share: float) -> Decimal:
    return Decimal(repr(share)).quantize(_SIX, rounding=ROUND_HALF_UP)
