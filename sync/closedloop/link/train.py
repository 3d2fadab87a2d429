"""Learns the weights anew from pairs that people confirmed or rejected."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.link.decisions import KEEPER
from closedloop.link.engine import COMPANIES, PEOPLE, SCHEMA, Job
from closedloop.link.explain import SCAN_KEY
from closedloop.link.weights import Model, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection

    from closedloop.link.decisions import Decision
    from closedloop.store.analytical import Store

#: Decided pairs that were compared without which nothing is learnt.
LEAST = 50

#: A change of weight (log2) that is worth telling.
_SHOWN = 0.005

_JOBS = {job.name: job for job in (COMPANIES, PEOPLE)}

#: What a level is counted to have been seen in each class before anything was seen, so that nothing is impossible.
_SEEN = 0.5

#: Levels that speak against a link, or at most not for it.
_DISAGREES = frozenset({"other", "unread", "one_sided", "first_word", "surname", "first_name", "digits"})

#: How many confirmed pairs one shipped level weighs as much as: few own links move the weights only a little.
_SHIPPED = 400


def learnt(
    connection: DuckDBPyConnection,
    job: Job,
    model: Model,
    *,
    labels: str,
    trust_shipped: bool = True,
    pairs: str = "",
) -> Model:
    """Return ``model`` with the shares counted over scored pairs.

    Args:
        connection: Where ``linkage.<job>_pair`` is.
        job: What is linked.
        model: The weights to start from.
        labels: Query that gives (l, r, is_match) for the pairs to count.
        trust_shipped: Count the shipped shares as if they had been seen some hundred times.
        pairs: Where the scored pairs are instead.

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
                f" from {pairs or f'{SCHEMA}.{job.name}_pair'} as pair inner join ({labels}) as label"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Weights that people's decisions moved.

    Args:
        job: ``company`` or ``person``.
        model: The new weights.
        accepted: Decided pairs that were compared and are one.
        rejected: Decided pairs that were compared and are not.
        changed: Every level that weighs otherwise now: (comparison, level, old weight, new weight), in log2.
    """

    job: str
    model: Model
    accepted: int
    rejected: int
    changed: list[tuple[str, str, float, float]]


def from_decisions(store: Store, job: str, decided: Iterable[Decision]) -> Learnt:
    """Return the shipped weights moved by what people decided about links.

    Args:
        store: Where the scored pairs are.
        job: ``company`` (customers and accounts) or ``person`` (touches and people, and people among themselves).
        decided: Every decision, oldest first; the last one on a pair counts.

    Raises:
        ConfigError: Too few of the decided pairs were compared: so few say nothing of the company's records.
    """
    connection, shipped = store.connection, load(job)
    _label(store, job, decided)
    pairs = _pairs(connection, job)
    [(accepted, rejected)] = connection.execute(
        "select count(*) filter (where is_match), count(*) filter (where not is_match)"
        f" from {pairs} as pair inner join cl_labels as label on label.l = pair.l and label.r = pair.r"
    ).fetchall()
    if accepted + rejected < LEAST:
        msg = f"{accepted + rejected} decided pairs were compared, {LEAST} are needed to learn from"
        raise ConfigError(msg, where=f"link train: {job}", fix="decide more in `closedloop review`")
    found = learnt(connection, _JOBS[job], shipped, labels="select * from cl_labels", pairs=pairs)
    return Learnt(
        job=job, model=found, accepted=accepted, rejected=rejected, changed=_changed(shipped, found)
    )


def _label(store: Store, job: str, decided: Iterable[Decision]) -> None:
    """Make the temp table ``cl_labels`` (l, r, is_match) of the decisions that belong to a job."""
    kinds = {"company": {"customer_account"}, "person": {"touch_person", "person_person"}}[job]
    labels: dict[tuple[str, str], bool] = {}
    for one in decided:
        if one.kind in kinds and one.who != KEEPER:
            labels[one.left_key, one.right_key] = one.verdict == "accept"
            if one.kind == "person_person":  # compared in both directions
                labels[one.right_key, one.left_key] = one.verdict == "accept"
    connection = store.connection
    connection.execute("create or replace temp table cl_labels (l varchar, r varchar, is_match boolean)")
    connection.execute(
        "insert into cl_labels select row.l, row.r, row.is_match"
        """ from (select unnest(from_json(cast(? as json), '[{"l": "varchar", "r": "varchar", "is_match": "boolean"}]')) as row)""",
        [json.dumps([{"l": left, "r": right, "is_match": match} for (left, right), match in labels.items()])],
    )
    if job == "person":
        connection.execute(
            f"insert into cl_labels select {SCAN_KEY}, label.r, label.is_match"
            " from cl_labels as label inner join canonical.touch as touch on touch.key = label.l"
        )


def _pairs(connection: DuckDBPyConnection, job: str) -> str:
    """Return the query of the scored pairs of a job, each once, whatever was compared."""
    names = ", ".join(str(one["name"]) for one in load(job).comparisons)
    tables = [
        f"{SCHEMA}.{table}"
        for (table,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ? and table_name in (?, ?) order by all",
            [SCHEMA, f"{job}_pair", "twin_pair" if job == "person" else ""],
        ).fetchall()
    ]
    if not tables:
        raise ConfigError("nothing was compared yet", where=f"link train: {job}", fix="closedloop reconcile")
    return f"({' union all '.join(f'select l, r, {names} from {table}' for table in tables)})"


def _changed(old: Model, new: Model) -> list[tuple[str, str, float, float]]:
    found = []
    for before, after in zip(old.comparisons, new.comparisons, strict=True):
        for was, now in zip(before["levels"], after["levels"], strict=True):
            if not was.get("null") and abs(_weight(now) - _weight(was)) >= _SHOWN:
                found.append((str(before["name"]), str(was["label"]), _weight(was), _weight(now)))
    return found


def _weight(level: dict[str, float]) -> float:
    return math.log2(level["m"] / level["u"])
