"""Keeps what was published: each campaign and account in which a figure changed, with the causes, in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from closedloop.history import definitions, facts
from closedloop.history.causes import EXPLAINED, Change, Comparison, Sums, Why, changed
from closedloop.kit.failpoint import failpoint
from closedloop.log import get_logger
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection, Row, Table

    from closedloop.clock import Clock
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

log = get_logger(__name__)

ENTITIES = ("account", "campaign")
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

    Returns:
        How many campaigns and accounts changed.
    """
    text = definitions.text(settings)
    at = to_text(clock.now())
    with operations.reading() as connection:
        last = _last(connection)
    # What is gathered needs no lock, and most of the time; without a change nothing is gathered.
    is_same = last is not None and last.last_basis == basis
    gathered = {} if is_same else {entity: facts.gather(store, entity) for entity in ENTITIES}
    with operations.transaction() as connection:
        definition = _define(connection, text, at=at, last_as_of=as_of.isoformat(), last_basis=basis)
        row = {"run_id": run_id, "at": at, "as_of": as_of.isoformat(), "definition": definition}
        taker = _Taker(connection, store, row)
        for entity, found in gathered.items():
            taker.compare(entity, found)
        redefined = definitions.difference(connection, last.digest, definition) if last else ""
        taker.explain(redefined, last.last_as_of if last else "")
        failpoint("history.before_commit")
    facts.forget(store)
    if taker.written:
        log.info("history.kept", snapshots=taker.written)
    return taker.written


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

    def __init__(self, connection: Connection, store: Store, row: dict[str, str]) -> None:
        self.written = 0
        self._connection, self._store, self._row = connection, store, row
        self._changes: dict[str, dict[str, Change]] = {entity: {} for entity in ENTITIES}
        #: Snapshots that have one before them, by which their causes are kept, with their figures.
        self._again: dict[tuple[str, str, int], str | None] = {}

    def compare(self, entity: str, gathered: dict[str, tuple[str, str, bool]]) -> None:
        """Write the snapshots of what changed, and remember what it was made of before."""
        known = self._known(entity)
        fresh = sorted(key for key, one in gathered.items() if _is_fresh(entity, known.get(key), one))
        gone = sorted(key for key, one in known.items() if key not in gathered and one.figures_digest)
        before = self._facts(entity, [key for key in [*fresh, *gone] if key in known])
        for key in gone:
            self._changes[entity][key] = changed(entity, before.get(key), None)
            self._gone(entity, key, known[key])
        snapshots: list[dict[str, object]] = []
        now: list[dict[str, object]] = []
        for one in facts.fetch(self._store, entity, fresh):
            was = known.get(one.key)
            if known:  # the first snapshot of all compares with nothing
                self._changes[entity][one.key] = changed(entity, before.get(one.key), facts.plain(one.facts))
            n = was.n if was else 0
            if was is None or was.figures_digest != one.figures_digest:
                n += 1
                place = {"entity": entity, "key": one.key, "n": n}
                snapshots.append({**self._row, **place, "name": one.name, "figures": one.figures})
                if was:
                    self._again[entity, one.key, n] = one.figures
            now.append(
                {"entity": entity, "key": one.key, "n": n, "figures_digest": one.figures_digest,
                 "facts_digest": one.facts_digest, "facts": facts.pack(one.facts)}
            )  # fmt: skip
            if len(now) >= _ROWS:
                self._write(entity, snapshots, now)
                snapshots, now = [], []
        self._write(entity, snapshots, now)

    def explain(self, redefined: str, as_of: str) -> None:
        """Write why each figure changed.

        Args:
            redefined: What changed in the definitions, in words.
            as_of: The as-of day of the reconcile before.
        """
        if not self._again:
            return
        comparison = Comparison(
            accounts=self._changes["account"],
            campaigns=self._changes["campaign"],
            redefined=redefined,
            as_of=as_of,
            touches=self._touches(),
        )
        of_campaign = {key: comparison.of_campaign(key) for key in sorted(comparison.campaigns)}
        rows: list[dict[str, object]] = []
        for (entity, key, n), figures in self._again.items():
            sums = of_campaign[key] if entity == "campaign" else comparison.of_account(key)
            self._complete(entity, key, n, sums, figures)
            rows += _cause_rows(entity, key, n, sums)
        _insert(self._connection, tables.snapshot_cause, rows)

    def _complete(self, entity: str, key: str, n: int, sums: Sums, figures: str | None) -> None:
        """Add what no record explains, so that the causes of a figure always sum to its change."""
        table = tables.snapshot
        statement = select(table.c.figures).where(
            table.c.entity == entity, table.c.key == key, table.c.n == n - 1
        )
        old, new = (
            facts.plain(text or "{}") for text in (self._connection.execute(statement).scalar(), figures)
        )
        for measure in EXPLAINED[entity]:
            told = sum(amount for (of, _), amount in sums.items() if of == measure)
            rest = (new.get(measure) or 0) - (old.get(measure) or 0) - told
            if rest:
                why = Why(cause="other", record=key, label="not traced to a record")
                sums[measure, why] = sums.get((measure, why), 0) + rest

    def _touches(self) -> frozenset[str]:
        gone = {
            touch
            for change in self._changes["campaign"].values()
            for touch in change.before["touches"]
            if touch not in change.now["touches"]
        }
        return facts.existing(self._store, "touch", sorted(gone))

    def _known(self, entity: str) -> dict[str, _Known]:
        table = tables.snapshot_now
        columns = (table.c.key, table.c.n, table.c.figures_digest, table.c.facts_digest)
        rows = self._connection.execute(select(*columns).where(table.c.entity == entity))
        return {
            row.key: _Known(n=row.n, figures_digest=row.figures_digest, facts_digest=row.facts_digest)
            for row in rows
        }

    def _facts(self, entity: str, keys: list[str]) -> dict[str, facts.Facts]:
        table = tables.snapshot_now
        found: dict[str, facts.Facts] = {}
        for start in range(0, len(keys), _SOME):
            some = keys[start : start + _SOME]
            statement = select(table.c.key, table.c.facts).where(
                table.c.entity == entity, table.c.key.in_(some)
            )
            found |= {row.key: facts.unpack(row.facts) for row in self._connection.execute(statement)}
        return found

    def _gone(self, entity: str, key: str, was: _Known) -> None:
        table = tables.snapshot
        last = select(table.c.name).where(table.c.entity == entity, table.c.key == key, table.c.n == was.n)
        name = self._connection.execute(last).scalar() or key
        place: dict[str, object] = {"entity": entity, "key": key, "n": was.n + 1}
        nothing = facts.pack(json.dumps(facts.NOTHING[entity]))
        now = {**place, "figures_digest": "", "facts_digest": "", "facts": nothing}
        self._write(entity, [{**self._row, **place, "name": name, "figures": None}], [now])
        self._again[entity, key, was.n + 1] = None

    def _write(self, entity: str, snapshots: list[dict[str, object]], now: list[dict[str, object]]) -> None:
        _insert(self._connection, tables.snapshot, snapshots)
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


def _cause_rows(entity: str, key: str, n: int, sums: Sums) -> Iterable[dict[str, object]]:
    for place, ((measure, why), amount) in enumerate(sums.items(), start=1):
        yield {
            "entity": entity, "key": key, "n": n, "place": place, "measure": measure, "cause": why.cause,
            "record": why.record, "label": why.label, "amount": amount,
        }  # fmt: skip


def _insert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)
