"""What Prometheus may ask: read from the operational database when it asks, so that a restart forgets nothing.

Names and labels are connections, streams, verbs, reasons and guards: never a record, a person or an address.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from closedloop.store import tables
from closedloop.store.stamps import from_text
from closedloop.writeback.tripped import GUARDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from prometheus_client.registry import Collector
    from sqlalchemy import Connection, Row

    from closedloop.service.session import Session

_STREAM = ("connection", "stream")
#: Column of a stream's last read → what it is.
_READ = {
    "held_count": ("closedloop_stream_held_rows", "Rows of the stream that we hold"),
    "source_count": ("closedloop_stream_source_rows", "Rows that the source says it has, where it can count"),
    "rows": ("closedloop_stream_read_rows", "Rows received by the last read"),
    "requests": ("closedloop_stream_read_calls", "Calls made by the last read"),
    "bytes": ("closedloop_stream_read_bytes", "Bytes received by the last read"),
    "quarantined": ("closedloop_stream_quarantined_rows", "Rows that the last read put into quarantine"),
}


def exposition(opened: Session, state: str | None = None) -> bytes:
    """Return all metrics in the text format.

    Args:
        opened: The session whose database is read.
        state: What the daemon does; none: no daemon asks.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(opened, state))
    return generate_latest(registry)


class _Collected:
    """One look at the database, as the client library wants it."""

    def __init__(self, opened: Session, state: str | None) -> None:
        self._opened, self._state = opened, state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._opened.clock.now()
        with self._opened.operations.reading() as connection:
            yield from _streams(connection, now)
            yield from _runs(connection, now)
            yield from _waiting(connection, now)
            yield from _breaks(connection)
            yield from _incidents(connection)
        if self._state is not None:
            states = ("starting", "standby", "idle", "working", "stopping")
            rows = [((one,), one == self._state) for one in states]
            yield _gauge("closedloop_daemon_state", "What the daemon does", ("state",), rows)


if TYPE_CHECKING:
    _: type[Collector] = _Collected


def _streams(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    read = tables.stream_run
    newest = select(read.c.connection, read.c.stream, func.max(read.c.run_id).label("run_id")).group_by(
        read.c.connection, read.c.stream
    )
    last = newest.subquery()
    same = [read.c[name] == last.c[name] for name in ("connection", "stream", "run_id")]
    rows = connection.execute(select(read).join(last, same[0] & same[1] & same[2])).all()
    keys = [(row.connection, row.stream) for row in rows]
    for column, (name, text) in _READ.items():
        values = [getattr(row, column) for row in rows]
        yield _gauge(
            name,
            text,
            _STREAM,
            [(key, one) for key, one in zip(keys, values, strict=True) if one is not None],
        )
    verdicts = [((*key, row.verdict), 1) for key, row in zip(keys, rows, strict=True)]
    yield _gauge("closedloop_stream_verdict", "Verdict of the last read", (*_STREAM, "verdict"), verdicts)
    good = select(read.c.connection, read.c.stream, func.max(read.c.at).label("at")).where(
        read.c.verdict.in_(("proven", "unproven"))
    )
    proved = connection.execute(good.group_by(read.c.connection, read.c.stream)).all()
    lag = [((row.connection, row.stream), _seconds(row.at, now)) for row in proved]
    yield _gauge("closedloop_stream_lag_seconds", "Seconds since the last good read", _STREAM, lag)


def _runs(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    run = tables.run
    counted = connection.execute(
        select(run.c.kind, run.c.state, func.count()).group_by(run.c.kind, run.c.state)
    ).all()
    yield _gauge(
        "closedloop_runs",
        "Runs that are remembered",
        ("kind", "state"),
        [((kind, state), n) for kind, state, n in counted],
    )
    ids = select(func.max(run.c.id)).where(run.c.ended_at.is_not(None)).group_by(run.c.kind)
    last = connection.execute(select(run).where(run.c.id.in_(ids))).all()
    took = [((row.kind,), _seconds(row.started_at, from_text(row.ended_at))) for row in last]
    yield _gauge("closedloop_run_duration_seconds", "How long the last run took", ("kind",), took)
    ended = [((row.kind,), _seconds(row.ended_at, now)) for row in last]
    yield _gauge("closedloop_run_age_seconds", "Seconds since the last run ended", ("kind",), ended)
    codes = [((row.kind,), row.exit_code) for row in last if row.exit_code is not None]
    yield _gauge("closedloop_run_exit_code", "How the last run ended", ("kind",), codes)
    yield from _remembered(connection.execute(select(run).order_by(run.c.id.desc()).limit(200)).all())


def _remembered(runs: Sequence[Row[Any]]) -> Iterator[GaugeMetricFamily]:
    """Yield what the newest runs that know it remember: money, and what the write-back did."""
    details: list[dict[str, Any]] = [json.loads(row.detail) for row in runs]
    yield from _budgets(details)
    money: dict[str, Any] = next((one["money"] for one in details if "money" in one), {})
    rows = [((name, money.get("currency", "")), value) for name, value in money.get("minor", {}).items()]
    yield _gauge(
        "closedloop_money_minor",
        "Money of the last reconcile in minor units: all invoiced, credited to events, and what is left out by its reason",
        ("part", "currency"),
        rows,
    )
    checks: list[str] = next((one["checks"] for one in details if "checks" in one), [])
    yield _gauge("closedloop_failed_checks", "Checks that the last reconcile failed", (), [((), len(checks))])
    plans: dict[str, dict[str, Any]] = next((one["plans"] for one in details if one.get("plans")), {})
    counted = [
        ((name, key), n) for name, plan in plans.items() for key, n in plan.items() if isinstance(n, int)
    ]
    yield _gauge(
        "closedloop_plan_fields",
        "Fields of the last plan by what becomes of them",
        ("connection", "action"),
        counted,
    )


def _budgets(details: Sequence[dict[str, Any]]) -> Iterator[GaugeMetricFamily]:
    """Yield what each connection's tap said last of its vendor's calls; details come newest first."""
    newest = {name: one for each in reversed(details) for name, one in each.get("budgets", {}).items()}
    for key, name, text in (
        ("left", "closedloop_budget_left_calls", "Calls that the vendor still allows, as it said last"),
        ("allowed", "closedloop_budget_allowed_calls", "Calls that the vendor allows in all"),
    ):
        rows = [
            ((source, str(said.get("window"))), said[key])
            for source, said in newest.items()
            if isinstance(said.get(key), int)
        ]
        yield _gauge(name, text, ("connection", "window"), rows)


def _waiting(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    held = tables.quarantine
    query = (
        select(held.c.connection, held.c.direction, func.count(), func.min(held.c.first_seen))
        .where(held.c.resolved_at.is_(None))
        .group_by(held.c.connection, held.c.direction)
    )
    rows = connection.execute(query).all()
    names = ("connection", "direction")
    counts = [((source, way), n) for source, way, n, _ in rows]
    yield _gauge("closedloop_quarantine_records", "Refused records that wait", names, counts)
    ages = [((source, way), _seconds(first, now)) for source, way, _, first in rows]
    yield _gauge("closedloop_quarantine_oldest_seconds", "Age of the oldest of them", names, ages)
    entry = tables.journal
    unknown = (
        select(entry.c.connection, func.count())
        .where(entry.c.state.in_(("intent", "unknown")))
        .group_by(entry.c.connection)
    )
    rest = [((source,), n) for source, n in connection.execute(unknown)]
    yield _gauge("closedloop_writes_unknown", "Writes whose outcome is not known yet", ("connection",), rest)


def _breaks(connection: Connection) -> Iterator[GaugeMetricFamily]:
    history = tables.break_history
    query = (
        select(history.c.reason, func.count(), func.sum(history.c.at_stake))
        .where(history.c.healed_at.is_(None))
        .group_by(history.c.reason)
    )
    rows = connection.execute(query).all()
    yield _gauge(
        "closedloop_breaks",
        "Chains that are broken now, by reason",
        ("reason",),
        [((one,), n) for one, n, _ in rows],
    )
    stakes = [((one,), int(amount or 0)) for one, _, amount in rows]
    yield _gauge(
        "closedloop_breaks_stake_minor",
        "Money at stake when they were first seen; reasons overlap",
        ("reason",),
        stakes,
    )


def _incidents(connection: Connection) -> Iterator[GaugeMetricFamily]:
    seen = tables.incident
    found = connection.execute(select(seen.c.kind, seen.c.message).where(seen.c.closed_at.is_(None))).all()
    kinds = Counter(row.kind for row in found)
    yield _gauge(
        "closedloop_incidents", "Troubles that go on", ("kind",), [((kind,), n) for kind, n in kinds.items()]
    )
    guarded = " ".join(row.message for row in found if row.kind == "guard")
    yield _gauge(
        "closedloop_guard_tripped",
        "Guards that stop the write-back now",
        ("guard",),
        [((one,), one in guarded) for one in GUARDS],
    )


def _gauge(
    name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in rows:
        family.add_metric(list(key), float(value))
    return family


def _seconds(start: str, end: datetime) -> float:
    return max((end - from_text(start)).total_seconds(), 0.0)
