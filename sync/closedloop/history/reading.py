"""Lists what was published of a campaign or account, and why it changed. It needs no analytical store."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from closedloop.errors import ConfigError
from closedloop.history.causes import EXPLAINED
from closedloop.history.facts import plain
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from closedloop.store.operations import Operations

ENTITIES = ("campaign", "account")
_LISTED = 5
#: Definition 16; what it does not name comes last.
_ORDER = ("definition", "day", "document", "link", "decision", "touch", "deal", "cost", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why a figure changed.

    Args:
        measure: The figure; ``attributed`` is that of the model behind the ROI.
        cause: definition, day, document, link, decision, touch, deal, cost or other.
        record: Key of the record.
        label: What happened to it.
        amount: What it did to the figure, in its own unit.
    """

    measure: str
    cause: str
    record: str
    label: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of definition 16 did.

    Args:
        step: definition, day, document, link, touch, deal, cost or other.
        records: The records that it moved: (key, what happened).
        figures: Measure → (before, after).
    """

    step: str
    records: list[tuple[str, str]]
    figures: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What one run published.

    Args:
        n: Which change of this campaign or account it is, from 1.
        run_id: The run.
        at: When, in UTC.
        as_of: The day through which documents counted.
        name: The name it had.
        figures: Measure → value; none: the record was gone.
        causes: Why its figures differ from the ones before, record by record.
        steps: The same for every figure, step by step.
    """

    n: int
    run_id: str
    at: str
    as_of: str
    name: str
    figures: dict[str, Any] | None
    causes: list[Cause] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def figure(self, name: str) -> Any:
        """Return a figure; none where it was not published."""
        return (self.figures or {}).get(name)


def find(operations: Operations, entity: str, name: str) -> str:
    """Return the key of the campaign or account that ``name`` names: its key, its id in the source, or its name.

    Raises:
        ConfigError: The word is neither, nothing was published of such a record, or several have this name.
    """
    if entity not in ENTITIES:
        msg = f"{entity} has no history"
        raise ConfigError(msg, where="history", fix=f"use one of: {', '.join(ENTITIES)}")
    table = tables.snapshot
    columns = (table.c.key, func.max(table.c.name).label("name"))
    with operations.reading() as connection:
        rows = connection.execute(
            select(*columns).where(table.c.entity == entity).group_by(table.c.key)
        ).all()
    wanted = name.casefold()
    found = (
        [row.key for row in rows if row.key == name]
        or [row.key for row in rows if row.key.casefold().endswith(f"/{wanted}")]
        or [row.key for row in rows if row.name.casefold() == wanted]
    )
    if len(found) == 1:
        return str(found[0])
    if found:
        msg = f"{len(found)} have this id or name"
        raise ConfigError(
            msg, where=f"history {entity}", fix=f"use a key: {', '.join(sorted(found)[:_LISTED])}"
        )
    known = {text: row.key for row in rows for text in (row.key, row.name)}
    near = [known[text] for text in difflib.get_close_matches(name, known, n=3)]
    fix = f"the nearest: {', '.join(dict.fromkeys(near))}" if near else "each reconcile keeps what changed"
    msg = f"nothing was published of such {'an' if entity == 'account' else 'a'} {entity}"
    raise ConfigError(msg, where=f"history {entity}", fix=fix)


def history(operations: Operations, entity: str, key: str) -> list[Published]:
    """Return all that was published of one record, first to last."""
    snapshot, cause = tables.snapshot, tables.snapshot_cause
    with operations.reading() as connection:
        rows = connection.execute(
            select(snapshot).where(snapshot.c.entity == entity, snapshot.c.key == key).order_by(snapshot.c.n)
        ).all()
        told = connection.execute(
            select(cause)
            .where(cause.c.entity == entity, cause.c.key == key)
            .order_by(cause.c.n, cause.c.place)
        ).all()
    causes: dict[int, list[Cause]] = {}
    for row in told:
        causes.setdefault(row.n, []).append(
            Cause(measure=row.measure, cause=row.cause, record=row.record, label=row.label, amount=row.amount)
        )
    return [
        Published(
            n=row.n,
            run_id=row.run_id,
            at=row.at,
            as_of=row.as_of,
            name=row.name,
            figures=plain(row.figures) if row.figures else None,
            causes=causes.get(row.n, []),
            steps=[
                Step(
                    step=one["step"],
                    records=[(record, label) for record, label in one["records"]],
                    figures={name: (old, new) for name, (old, new) in one["figures"].items()},
                )
                for one in json.loads(row.steps or "[]")
            ],
        )
        for row in rows
    ]


def at(published: Sequence[Published], moment: str) -> Published:
    """Return what stood at a run or at the end of a day (UTC).

    Args:
        published: What `history` returned.
        moment: A run's id, or a day such as ``2026-03-31``.

    Raises:
        ConfigError: Nothing had been published by then.
    """
    known = [one for one in published if one.run_id[: len(moment)] == moment]
    earlier = known or [one for one in published if _stamp(one, moment) <= moment]
    if not earlier:
        first = published[0]
        msg = "nothing had been published by then"
        raise ConfigError(msg, where=moment, fix=f"the first is run {first.run_id} of {first.at[:10]}")
    return earlier[-1]


def why(
    published: Sequence[Published], before: Published, now: Published, measures: Iterable[str]
) -> list[Cause]:
    """Return why these figures differ between two of ``published``: causes of one record are summed.

    In the order of definition 16; within one kind the largest first.
    """
    wanted = set(measures)
    sums: dict[tuple[str, str, str, str], int] = {}
    for one in published:
        if before.n < one.n <= now.n:
            for cause in one.causes:
                if cause.measure in wanted:
                    place = (cause.measure, cause.cause, cause.record, cause.label)
                    sums[place] = sums.get(place, 0) + cause.amount
    found = [
        Cause(measure=measure, cause=cause, record=record, label=label, amount=amount)
        for (measure, cause, record, label), amount in sums.items()
        if amount
    ]
    return sorted(
        found,
        key=lambda one: (one.measure, _ORDER.index(one.cause), -abs(one.amount), one.record, one.label),
    )


def steps_between(
    published: Sequence[Published], before: Published, now: Published, measure: str
) -> list[tuple[str, Step]]:
    """Return the steps that changed a figure between two of ``published``, in their order: (run, step)."""
    return [
        (one.run_id, step)
        for one in published
        if before.n < one.n <= now.n
        for step in one.steps
        if measure in step.figures
    ]


def explained_by(entity: str, measure: str, primary: str | None, follows: Sequence[str]) -> tuple[str, ...]:
    """Return the figures whose causes explain a figure: itself, or those that it follows from.

    Args:
        entity: campaign or account.
        measure: The figure.
        primary: The model behind the ROI.
        follows: The figures that it is computed from, where it is no sum of its own.
    """
    own = measure.replace(f"attributed_{primary}", "attributed") if primary else measure
    if own in EXPLAINED[entity]:
        return (own,)
    parts = (part.replace("attributed_{m}", "attributed") for part in follows)
    return tuple(part for part in parts if part in EXPLAINED[entity])


def _stamp(one: Published, moment: str) -> str:
    """Return when it was published, as wide as ``moment``: a day, or the text that begins a run's id."""
    return one.at[: len(moment)] if "-" in moment[:5] else one.run_id[: len(moment)]
