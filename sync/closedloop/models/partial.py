"""Makes some of the models again in place, for what-if: the caller rolls its transaction back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.engines.duckdb import DuckdbEngine
from closedloop.models import graph, intervals
from closedloop.models.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.models.graph import Model
    from closedloop.store.analytical import Store


def make(store: Store, chosen: Sequence[Model], models: dict[str, Model], *, anew: bool) -> None:
    """Make the chosen models over what their inputs hold; the others stand.

    Args:
        store: The analytical store, in a transaction that will be rolled back.
        chosen: The models, each after those that it reads.
        models: All models.
        anew: Whether to drop every chosen table first, since what one reads may be gone.
    """
    for model in reversed(chosen if anew else ()):
        store.query(f'drop {model.kind} if exists {model.layer}."{model.name}"')
    for model in chosen:
        store.query(graph.creation(model, models, DuckdbEngine.dialect))
        if model.name == "group_measures":
            intervals.fill_win_rates(Draft(store=store))
