"""Attribution models as whole numbers (definition 12): what the SQL splits by, without a fraction anywhere."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from math import gcd
from typing import TYPE_CHECKING

from closedloop.settings import Decay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from closedloop.settings import Milestones

#: The weight of a touch on the last day of its journey in a model that decays.
FULL = 10**9
#: Settings give weights with at most four decimals.
_SCALE = 10**4
#: After so many half-lives a weight is rounded to 0: 10⁹ · 2⁻³¹ is below a half.
_HALVINGS = 31
#: Digits of the powers of two; the weights have ten.
_DIGITS = 50


def rows(models: Mapping[str, Milestones | Decay]) -> Iterator[tuple[object, ...]]:
    """Yield a row of ``param.attribution_model`` for each model: name, half-life in days or none, whole weights.

    The weights are those of the first touch, the lead, the opportunity, the last touch (which is also the close) and the
    rest, in lowest terms. Last comes the model's number: where rows are many, names would be most of them.
    """
    for number, (name, model) in enumerate(models.items(), start=1):
        if isinstance(model, Decay):
            yield name, model.half_life, 0, 0, 0, 0, 1, number
        else:
            yield name, None, *_whole(model), number


def decay_rows(models: Mapping[str, Milestones | Decay]) -> Iterator[tuple[int, int, int]]:
    """Yield (half-life, age, weight) for every half-life in use and every age in days with a weight above 0."""
    for half_life in sorted({model.half_life for model in models.values() if isinstance(model, Decay)}):
        yield from ((half_life, age, weight) for age, weight in enumerate(decay(half_life)) if weight)


@cache
def decay(half_life: int) -> tuple[int, ...]:
    """Return 10⁹ · 2^(-age ÷ half-life) for every age from 0 on, rounded half up; an age beyond the end has 0.

    Args:
        half_life: Days, at least 1.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        # The powers of one half-life are those of all: after each the weight is halved.
        powers = [FULL * Decimal(2) ** (Decimal(-age) / half_life) for age in range(half_life)]
        return tuple(
            int((powers[age % half_life] / 2 ** (age // half_life)).to_integral_value(ROUND_HALF_UP))
            for age in range(_HALVINGS * half_life + 1)
        )


def _whole(model: Milestones) -> list[int]:
    parts = (model.first, model.lead, model.opportunity, model.last + model.close, model.rest)
    weights = [int(part * _SCALE) for part in parts]
    divisor = gcd(*weights)
    return [weight // divisor for weight in weights]
