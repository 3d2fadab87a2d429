"""Keeps what was published: each campaign and account in which a figure changed, with the causes, in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from closedloop.history import definitions, facts, inputs, kept, steps
from closedloop.history.steps import ENTITIES, Now, Side, Then
from closedloop.kit.failpoint import failpoint
from closedloop.log import get_logger
from closedloop.models import graph
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection, Row, Table

    from closedloop.clock import Clock
    from closedloop.history.causes import Sums
    from closedloop.history.steps import Subject, Told
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

log = get_logger(__name__)

_SOME = 500
_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    n: int
    figures_digest: str
    facts_digest: str


def take(
    settings: Settings,
    store: Store,
    operations: Operations,
    *,
    run_id: str,
    as_of: date,
    basis: str,
    clock: Clock,
    anew: bool = False,
) -> int:
    """Keep what changed since the last snapshot, and why; equal figures write none.

    A reconcile that was killed before its snapshot is caught up by the next one.

    Args:
        settings: What the figures are defined by.
        store: The analytical store, just reconciled.
        operations: The operational database.
        run_id: The run that published them.
        as_of: The day through which documents count.
        basis: Digest of all published figures, as reconcile returns it.
        clock: What time it is.
        anew: Copy what the figures rest on also when they are the same: it may be called otherwise now.

    Returns:
        How many campaigns and accounts changed.
    """
    text = definitions.text(settings)
    with operations.reading() as connection:
        last = _last(connection)
        redefined = _redefined(last, text)
    # What is gathered and told needs no lock, and most of the time; without a change nothing is gathered.
    is_same = last is not None and last.last_basis == basis and not anew
    gathered = {} if is_same else {entity: facts.gather(store, entity) for entity in ENTITIES}
    told: dict[Subject, Told] = {}
    packed = None
    if gathered:
        then = _then(operations, last.last_as_of, redefined) if last else None
        now = Now(
            digests=gathered,
            as_of=as_of,
            ground=inputs.ground(graph.load(settings.models_dir)),
            wanted=_wanted(then.digests, gathered) if then else frozenset(),
        )
        told, packed = steps.explain(store, operations, then, now)
    day, at = as_of.isoformat(), to_text(clock.now())
    with operations.transaction() as connection:
        definition = _define(connection, text, at=at, last_as_of=day, last_basis=basis)
        row = {"run_id": run_id, "at": at, "as_of": day, "definition": definition}
        taker = _Taker(connection, store, row, told)
        for entity, found in gathered.items():
            taker.compare(entity, found)
        if packed is not None:
            kept.write(connection, packed.digests, packed.content)
        failpoint("history.before_commit")
    facts.forget(store)
    if taker.written:
        log.info("history.kept", snapshots=taker.written)
    return taker.written


def _redefined(last: Row[Any] | None, text: str) -> str:
    """Return in words what changed in the definitions since the last snapshot; empty when nothing did."""
    return definitions.difference(last.text, text) if last is not None else ""


def _then(operations: Operations, as_of: str, redefined: str) -> Then:
    """Return what was published last."""
    table = tables.snapshot_now
    columns = (table.c.entity, table.c.key, table.c.figures_digest, table.c.facts_digest)
    digests: steps.Digests = {entity: {} for entity in ENTITIES}
    with operations.reading() as connection:
        for row in connection.execute(select(*columns).where(table.c.figures_digest != "")):
            digests[row.entity][row.key] = (row.figures_digest, row.facts_digest, True)
    return Then(digests=digests, sides=partial(_sides, operations), as_of=as_of, redefined=redefined)


def _sides(operations: Operations, entity: str, keys: list[str]) -> dict[str, Side]:
    """Return the figures published last of these, and what they were made of."""
    now, past = tables.snapshot_now, tables.snapshot
    statement = select(now.c.key, now.c.facts, past.c.figures).join(
        past, (past.c.entity == now.c.entity) & (past.c.key == now.c.key) & (past.c.n == now.c.n)
    )
    found: dict[str, Side] = {}
    with operations.reading() as connection:
        for start in range(0, len(keys), _SOME):
            some = now.c.key.in_(keys[start : start + _SOME])
            for row in connection.execute(statement.where(now.c.entity == entity, some)):
                figures = facts.plain(row.figures or "{}")
                found[row.key] = Side(figures=figures, facts=facts.unpack(row.facts))
    return found


def _wanted(then: steps.Digests, now: steps.Digests) -> frozenset[Subject]:
    """Return what was published before and has other figures now, or none."""
    return frozenset(
        (entity, key)
        for entity in ENTITIES
        for key, one in then[entity].items()
        if key not in now[entity] or now[entity][key][0] != one[0]
    )


def _last(connection: Connection) -> Row[Any] | None:
    """Return the definitions of the last snapshot, with its day and digest."""
    table = tables.definition
    return connection.execute(select(table).order_by(table.c.last_seen.desc()).limit(1)).first()


def _define(connection: Connection, text: str, *, at: str, **last: str) -> str:
    """Note the definitions in force and return their digest."""
    table = tables.definition
    digest = definitions.digest(text)
    values = {"last_seen": at, **last}
    if not connection.execute(table.update().where(table.c.digest == digest).values(values)).rowcount:
        connection.execute(table.insert().values(digest=digest, first_seen=at, text=text, **values))
    return digest


class _Taker:
    """One snapshot in the making; it owns no transaction."""

    def __init__(
        self, connection: Connection, store: Store, row: dict[str, str], told: dict[Subject, Told]
    ) -> None:
        self.written = 0
        self._connection, self._store, self._row, self._told = connection, store, row, told

    def compare(self, entity: str, gathered: dict[str, tuple[str, str, bool]]) -> None:
        """Write the snapshots of what changed, and why."""
        known = self._known(entity)
        fresh = sorted(key for key, one in gathered.items() if _is_fresh(entity, known.get(key), one))
        for key, last in known.items():
            if key not in gathered and last.figures_digest:
                self._gone(entity, key, last)
        snapshots: list[dict[str, object]] = []
        now: list[dict[str, object]] = []
        for one in facts.fetch(self._store, entity, fresh):
            was = known.get(one.key)
            n = was.n if was else 0
            if was is None or was.figures_digest != one.figures_digest:
                n += 1
                snapshots.append(self._snapshot(entity, one.key, n, one.name, one.figures))
            now.append(
                {"entity": entity, "key": one.key, "n": n, "figures_digest": one.figures_digest,
                 "facts_digest": one.facts_digest, "facts": facts.pack(one.facts)}
            )  # fmt: skip
            if len(now) >= _ROWS:
                self._write(entity, snapshots, now)
                snapshots, now = [], []
        self._write(entity, snapshots, now)

    def _snapshot(self, entity: str, key: str, n: int, name: str, figures: str | None) -> dict[str, object]:
        told = self._told.get((entity, key))
        text = json.dumps(told.steps, default=str) if told and told.steps else None
        place = {"entity": entity, "key": key, "n": n}
        return {**self._row, **place, "name": name, "figures": figures, "steps": text}

    def _known(self, entity: str) -> dict[str, _Known]:
        table = tables.snapshot_now
        columns = (table.c.key, table.c.n, table.c.figures_digest, table.c.facts_digest)
        rows = self._connection.execute(select(*columns).where(table.c.entity == entity))
        return {
            row.key: _Known(n=row.n, figures_digest=row.figures_digest, facts_digest=row.facts_digest)
            for row in rows
        }

    def _gone(self, entity: str, key: str, was: _Known) -> None:
        table = tables.snapshot
        last = select(table.c.name).where(table.c.entity == entity, table.c.key == key, table.c.n == was.n)
        name = self._connection.execute(last).scalar() or key
        place: dict[str, object] = {"entity": entity, "key": key, "n": was.n + 1}
        nothing = facts.pack(json.dumps(facts.NOTHING[entity]))
        now = {**place, "figures_digest": "", "facts_digest": "", "facts": nothing}
        self._write(entity, [self._snapshot(entity, key, was.n + 1, name, None)], [now])

    def _write(self, entity: str, snapshots: list[dict[str, object]], now: list[dict[str, object]]) -> None:
        _insert(self._connection, tables.snapshot, snapshots)
        told = self._told
        causes = [
            row
            for one in snapshots
            if (subject := (entity, str(one["key"]))) in told
            for row in _cause_rows(entity, one, told[subject].sums)
        ]
        _insert(self._connection, tables.snapshot_cause, causes)
        self._forget(entity, [str(row["key"]) for row in now])
        _insert(self._connection, tables.snapshot_now, now)
        self.written += len(snapshots)

    def _forget(self, entity: str, keys: list[str]) -> None:
        table = tables.snapshot_now
        for start in range(0, len(keys), _SOME):
            some = keys[start : start + _SOME]
            self._connection.execute(delete(table).where(table.c.entity == entity, table.c.key.in_(some)))


def _is_fresh(entity: str, known: _Known | None, now: tuple[str, str, bool]) -> bool:
    """Return whether something must be written: an account that never had a figure is none."""
    figures, made_of, is_any = now
    if known is None:
        return is_any or entity == "campaign"
    return (known.figures_digest, known.facts_digest) != (figures, made_of)


def _cause_rows(entity: str, snapshot: dict[str, object], sums: Sums) -> Iterable[dict[str, object]]:
    told = [(measure, why, amount) for (measure, why), amount in sums.items() if amount]
    for place, (measure, why, amount) in enumerate(told, start=1):
        yield {
            "entity": entity, "key": snapshot["key"], "n": snapshot["n"], "place": place, "measure": measure, "cause": why.cause,
            "record": why.record, "label": why.label, "amount": amount,
        }  # fmt: skip


def _insert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)
