"""Exact intervals of shares, which SQL cannot compute."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.models.draft import Draft

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
    return six(low), six(high)


def fill_win_rates(draft: Draft, table: str = "group_measures") -> None:
    """Write the interval of every win rate into a table of ``marts`` with `won` and `lost`."""
    pairs = draft.query(f"select distinct won, lost from marts.{table} where won + lost > 0")
    cells = [[str(cell) for cell in (won, lost, *clopper_pearson(won, won + lost))] for won, lost in pairs]
    # In one statement: a table of thousands of events has thousands of different pairs.
    draft.query(
        f"update marts.{table} as figure set win_rate_low = cell[3], win_rate_high = cell[4]"
        """ from (select unnest(from_json(cast(? as json), '[["varchar"]]')) as cell) as filled"""
        " where figure.won = cast(cell[1] as bigint) and figure.lost = cast(cell[2] as bigint)",
        [json.dumps(cells)],
    )


def six(share: float) -> Decimal:
    """Return a number with six decimals, rounded half away from zero."""
    return Decimal(repr(share)).quantize(_SIX, rounding=ROUND_HALF_UP)
