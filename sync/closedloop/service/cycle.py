"""The whole loop in steps: read, prove complete, reconcile, plan, write, verify. Verbs and daemon use the same steps."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from closedloop import extract, models
from closedloop.errors import ClosedloopError, PartlyFailedError
from closedloop.extract.result import BAD
from closedloop.history import snapshot
from closedloop.log import get_logger
from closedloop.service import jobs, retention
from closedloop.service.jobs import PUBLISH, SYNC
from closedloop.service.record import Run, StoppedError, recorded
from closedloop.store import bookmarks, tables
from closedloop.store.stamps import to_text
from closedloop.writeback.apply import apply_plan, code_of
from closedloop.writeback.plan import make_plan

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from closedloop.extract import StreamResult
    from closedloop.models import Reconciled
    from closedloop.service.session import Session
    from closedloop.store.analytical import Store
    from closedloop.writeback.apply import Applied
    from closedloop.writeback.deliver import Delivered
    from closedloop.writeback.plan import Plan

    #: Told a stage's name, how many of its steps are done, and of how many.
    Progress = Callable[[str, int, int | None], None]

log = get_logger(__name__)

_NAMED = 5


def quiet(_stage: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


@dataclass(slots=True, kw_only=True)
class Cycle:
    """What one cycle did.

    Args:
        run_id: Its run.
        streams: What was read.
        reconciled: The figures; none if the cycle did not get there.
        plans: One for each CRM written back to.
        applied: What was written, by connection; nothing where the mode is ``plan``.
    """

    run_id: str
    streams: list[StreamResult] = field(default_factory=list)
    reconciled: Reconciled | None = None
    plans: list[Plan] = field(default_factory=list)
    applied: dict[str, Applied] = field(default_factory=dict)


def run(opened: Session, *, allow: Collection[str] = (), progress: Progress = quiet) -> Cycle:
    """Do one full cycle.

    Args:
        opened: The session.
        allow: Guards to override this once.
        progress: Told every step.

    Raises:
        PartlyFailedError: A stream is incomplete or failed, or a check of the figures failed; nothing was written.
        GuardError: A guard stopped the write-back.
        ConfigError: A credential, a database or a name is wrong.
        UnreachableError: A system does not answer, or another process writes.
    """
    with opened.writer() as store, recorded(opened.operations, "run", opened.clock) as record:
        cycle = Cycle(run_id=record.id)
        cycle.streams = read(opened, store, record, progress=progress)
        insist_complete(cycle.streams)
        publish(opened, store, record, cycle, allow=allow, progress=progress)
        retention.tidy(opened, store)
    return cycle


def read(
    opened: Session,
    store: Store,
    record: Run,
    *,
    connections: Sequence[str] | None = None,
    streams: Sequence[str] | None = None,
    progress: Progress = quiet,
    stop: threading.Event | None = None,
) -> list[StreamResult]:
    """Sync; the caller must `insist_complete`.

    Raises:
        ClosedloopError: A connection could not be read at all.
        StoppedError: ``stop`` was set on the way; what had come until then landed.
    """
    try:
        results = extract.sync(
            opened.settings,
            connections=list(connections or opened.settings.connections),
            store=store,
            operations=opened.operations,
            run_id=record.id,
            clock=opened.clock,
            progress=lambda connection, stream, rows: progress(f"{connection}/{stream}", rows, None),
            streams=streams,
            stop=stop,
            on_budget=lambda name, said: record.detail.setdefault("budgets", {}).update({name: said}),
        )
    except ClosedloopError as error:
        if stop is not None and stop.is_set():
            raise _stopped() from error
        raise
    if stop is not None and stop.is_set():
        raise _stopped()
    record.detail["streams"] = {f"{result.connection}/{result.stream}": result.verdict for result in results}
    return results


def _stopped() -> StoppedError:
    return StoppedError("stopped while reading", fix="the next run goes on from here")


def insist_complete(results: Sequence[StreamResult]) -> None:
    """Do nothing if every stream can be trusted.

    Raises:
        PartlyFailedError: One cannot; it and its reason are named.
    """
    broken = [result for result in results if result.is_bad]
    if not broken:
        return
    named = [
        f"{result.connection}/{result.stream} is {result.verdict}: {result.reason}"
        for result in broken[:_NAMED]
    ]
    more = f" (and {len(broken) - _NAMED} more)" if len(broken) > _NAMED else ""
    msg = f"{'; '.join(named)}{more}. Nothing was computed or written"
    raise PartlyFailedError(
        msg,
        where="sync",
        fix="run it again; if it stays, `closedloop status` shows the counts and `closedloop check` the permissions",
    )


def publish(
    opened: Session,
    store: Store,
    record: Run,
    cycle: Cycle,
    *,
    allow: Collection[str] = (),
    progress: Progress = quiet,
) -> None:
    """Reconcile, plan, and write where the mode says so.

    Raises:
        PartlyFailedError: A check of the figures failed, or the CRM refused some of the writes.
        GuardError: A guard stopped the write-back.
    """
    cycle.reconciled = reconcile(opened, store, record, progress=progress)
    failed = [check.name for check in cycle.reconciled.checks]
    for name, part in opened.settings.writeback.items():
        plan = make_plan(
            opened.settings, store, opened.operations, name, clock=opened.clock, failed_checks=failed
        )
        cycle.plans.append(plan)
        record.detail.setdefault("plans", {})[name] = {"id": plan.id, **plan.counts}
        if part.mode == "apply":
            cycle.applied[name] = apply(
                opened, store, record, plan.id, allow=allow, failed_checks=failed, progress=progress
            )
    if failed and "failed_check" not in allow:
        msg = f"the figures failed their checks: {', '.join(failed[:_NAMED])}"
        raise PartlyFailedError(
            msg,
            where="reconcile",
            fix="`closedloop reconcile --json` lists the rows that fail",
        )


def reconcile(opened: Session, store: Store, record: Run, *, progress: Progress = quiet) -> Reconciled:
    """Compute the figures as of today, and remember how many rows of what there were."""
    settings = opened.settings
    found = models.reconcile(
        settings,
        store,
        opened.operations,
        as_of=opened.clock.today(settings.company.time_zone),
        clock=opened.clock,
        progress=_stage("reconcile", progress),
        run_id=record.id,
    )
    kept = snapshot.take(
        settings,
        store,
        opened.operations,
        run_id=record.id,
        as_of=found.as_of,
        basis=found.basis,
        clock=opened.clock,
    )
    record.detail["as_of"] = found.as_of.isoformat()
    record.detail["snapshots"] = kept
    totals = dict(store.query("select name, value from marts.totals"))
    record.detail["money"] = {"currency": settings.company.currency, "minor": totals}
    record.detail["checks"] = [check.name for check in found.checks]
    return found


def apply(
    opened: Session,
    store: Store,
    record: Run,
    plan_id: str,
    *,
    allow: Collection[str] = (),
    failed_checks: Sequence[str] = (),
    progress: Progress = quiet,
    dry_run: bool = False,
) -> Applied:
    """Execute a plan and read back what was written; a dry run only looks.

    Raises:
        PartlyFailedError: The CRM refused some of the writes, or holds something else now.
        GuardError: A guard stopped it, or the plan is stale.
        UnreachableError: The CRM stopped answering; what was written before is in the journal.
    """
    done = apply_plan(
        opened.settings,
        store,
        opened.operations,
        plan_id,
        run_id=record.id,
        clock=opened.clock,
        allow=allow,
        failed_checks=failed_checks,
        progress=lambda fields, total: progress("write back", fields, total),
        dry_run=dry_run,
    )
    record.detail.setdefault("applied", {})[plan_id] = outcome(done.delivered)
    insist_written(done.delivered)
    return done


def outcome(delivered: Delivered) -> dict[str, int]:
    """Return how many fields came to which end."""
    return {one.name: getattr(delivered, one.name) for one in fields(delivered) if one.name != "stopped"}


def insist_written(delivered: Delivered) -> None:
    """Do nothing if every write arrived.

    Raises:
        ClosedloopError: Some did not; why.
    """
    if delivered.stopped is not None:
        raise delivered.stopped
    if code_of(delivered):
        counts = ", ".join(f"{name} {count}" for name, count in outcome(delivered).items() if count)
        msg = f"not every field was written: {counts}"
        raise PartlyFailedError(
            msg,
            where="write back",
            fix="`closedloop status` lists what was refused and why; run it again",
        )


def scheduled(
    opened: Session, job: str, *, tick: datetime, progress: Progress, stop: threading.Event
) -> None:
    """Do one job of the daemon, recorded with the tick it is for.

    A job that a guard stopped, or whose figures or writes were not all in order, was done all the same: trying it
    again changes nothing before new data come.

    Raises:
        ClosedloopError: Whatever went wrong; it is recorded.
    """
    detail: dict[str, Any] = {"job": job, "tick": to_text(tick)}
    kind, settled = "sync", {"done"}
    if job == PUBLISH:
        kind, settled = "reconcile", {"done", "partly_failed", "guarded"}

    def note(connection: Connection, state: str) -> None:
        if state in settled:
            jobs.finish(connection, job, tick)

    with (
        opened.writer() as store,
        recorded(opened.operations, kind, opened.clock, also=note, **detail) as record,
    ):
        if job == PUBLISH:
            _whole_again(opened, store, record, progress=progress, stop=stop)
            publish(opened, store, record, Cycle(run_id=record.id), progress=progress)
            retention.tidy(opened, store)
        else:
            names = [job.removeprefix(SYNC)]
            insist_complete(read(opened, store, record, connections=names, progress=progress, stop=stop))


def _whole_again(
    opened: Session, store: Store, record: Run, *, progress: Progress, stop: threading.Event
) -> None:
    """Read the connections that were read before and of which this store holds nothing: it was lost, or set aside."""
    read_once = (
        select(tables.stream_run.c.connection).where(tables.stream_run.c.verdict.not_in(BAD)).distinct()
    )
    with opened.operations.reading() as connection:
        known = set(connection.execute(read_once).scalars())
    missing = [
        name
        for name in opened.settings.connections
        if name in known and not bookmarks.last_segment(store, name)
    ]
    if missing:
        log.info("cycle.reading_anew", connections=missing)
        insist_complete(read(opened, store, record, connections=missing, progress=progress, stop=stop))


def _stage(name: str, progress: Progress) -> Callable[[str, int, int], None]:
    """Show the steps of a stage as one bar."""
    return lambda _step, done, total: progress(name, done, total)
