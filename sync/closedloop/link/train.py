"""Learns the weights anew from pairs that people confirmed or rejected."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from closedloop.link.engine import SCHEMA, Job
from closedloop.link.weights import Model, load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: What a level is counted to have been seen in each class before anything was seen, so that nothing is impossible.
_SEEN = 0.5

#: Levels that speak against a link, or at most not for it.
_DISAGREES = frozenset({"other", "unread", "one_sided", "first_word", "surname", "first_name", "digits"})

#: How many confirmed pairs one shipped level weighs as much as: few own links move the weights only a little.
_SHIPPED = 400


def learnt(
    connection: DuckDBPyConnection, job: Job, model: Model, *, labels: str, trust_shipped: bool = True
) -> Model:
    """Return ``model`` with the shares counted over scored pairs.

    Args:
        connection: Where ``linkage.<job>_pair`` is.
        job: What is linked.
        model: The weights to start from.
        labels: Query that gives (l, r, is_match) for the pairs to count.
        trust_shipped: Count the shipped shares as if they had been seen some hundred times.

    Levels that agree never count against a link, and a rarer agreement never counts less than a common one: taking
    agreeing evidence away from two records cannot make their link stronger.
    """
    content = copy.deepcopy(model.content)
    for comparison in content["comparisons"]:
        name = comparison["name"]
        counted = {
            label: (true, other)
            for label, true, other in connection.execute(
                f"select pair.{name}, count(*) filter (where is_match), count(*) filter (where not is_match)"
                f" from {SCHEMA}.{job.name}_pair as pair inner join ({labels}) as label"
                " on label.l = pair.l and label.r = pair.r group by all"
            ).fetchall()
        }
        levels = [level for level in comparison["levels"] if not level.get("null")]
        _count(levels, counted, _SHIPPED if trust_shipped else 0)
        _in_order(levels)
    return Model(content)


def _count(levels: list[dict[str, object]], counted: dict[str, tuple[int, int]], shipped: int) -> None:
    for share, place in (("m", 0), ("u", 1)):
        seen = [
            counted.get(str(level["label"]), (0, 0))[place] + _SEEN + shipped * float(str(level[share]))
            for level in levels
        ]
        for level, number in zip(levels, seen, strict=True):
            level[share] = round(number / sum(seen), 9)


def _in_order(levels: list[dict[str, object]]) -> None:
    """Agreement weighs at least nothing, and a value that few records share at least as much as a common one."""
    least = 0.0
    for level in reversed(levels):
        label, m, u = str(level["label"]), float(str(level["m"])), float(str(level["u"]))
        if label in _DISAGREES:
            level["m"] = min(m, u)
        elif label.startswith("same"):
            least = max(least, m / u, 1.0)
            level["m"] = round(least * u, 9)
        else:
            level["m"] = max(m, u)


def from_decisions(
    connection: DuckDBPyConnection, job: Job, decided: dict[tuple[str, str], bool]
) -> tuple[Model, int]:
    """Return the shipped weights moved by the pairs that people decided, and how many of those were compared."""
    import pyarrow as pa

    table = pa.table(
        {
            "l": pa.array([left for left, _ in decided], pa.string()),
            "r": pa.array([right for _, right in decided], pa.string()),
            "is_match": pa.array(list(decided.values()), pa.bool_()),
        }
    )
    connection.register("cl_labels_in", table)
    connection.execute("create or replace temp table cl_labels as select * from cl_labels_in")
    connection.unregister("cl_labels_in")
    [(counted,)] = connection.execute(
        f"select count(*) from {SCHEMA}.{job.name}_pair as pair inner join cl_labels as label"
        " on label.l = pair.l and label.r = pair.r"
    ).fetchall()
    return learnt(connection, job, load(job.name), labels="select * from cl_labels"), int(counted)
