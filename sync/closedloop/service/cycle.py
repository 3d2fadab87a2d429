"""The whole loop in steps: read, prove complete, reconcile, plan, write, verify. Verbs and daemon use the same steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop import extract, models, writeback
from closedloop.errors import PartlyFailedError
from closedloop.log import get_logger
from closedloop.service.record import Run, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from closedloop.extract import StreamResult
    from closedloop.models import Reconciled
    from closedloop.service.session import Session
    from closedloop.store.analytical import Store
    from closedloop.writeback import Applied, Plan

    #: Told a stage's name, how many of its steps are done, and of how many.
    Progress = Callable[[str, int, int | None], None]

log = get_logger(__name__)

#: Names of the daemon's jobs: `sync:<connection>` reads, `publish` reconciles and writes back.
SYNC = "sync:"
PUBLISH = "publish"
#: Verdicts after which nothing may be computed or written.
_BROKEN = ("incomplete", "failed")
_NAMED = 5


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


def run(opened: Session, *, allow: Collection[str] = (), progress: Progress | None = None) -> Cycle:
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
        publish(opened, store, record, cycle, allow=allow, progress=progress)
    return cycle


def read(
    opened: Session,
    store: Store,
    record: Run,
    *,
    connections: Sequence[str] | None = None,
    streams: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> list[StreamResult]:
    """Sync, and insist that every stream is complete.

    Raises:
        PartlyFailedError: One is not.
    """
    results = extract.sync(
        opened.settings,
        connections=list(connections or opened.settings.connections),
        store=store,
        operations=opened.operations,
        run_id=record.id,
        clock=opened.clock,
        progress=progress,
        streams=streams,
    )
    record.detail["streams"] = {f"{result.connection}/{result.stream}": result.verdict for result in results}
    insist_complete(results)
    return results


def insist_complete(results: Sequence[StreamResult]) -> None:
    """Do nothing if every stream can be trusted.

    Raises:
        PartlyFailedError: One cannot; it and its reason are named.
    """
    broken = [result for result in results if result.verdict in _BROKEN]
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
    progress: Progress | None = None,
) -> None:
    """Reconcile, plan, and write where the mode says so.

    Raises:
        PartlyFailedError: A check of the figures failed, or the CRM refused some of the writes.
        GuardError: A guard stopped the write-back.
    """
    cycle.reconciled = reconcile(opened, store, record, progress=progress)
    failed = [check.name for check in cycle.reconciled.checks]
    for name, part in opened.settings.writeback.items():
        plan = writeback.make_plan(
            opened.settings, store, opened.operations, name, clock=opened.clock, failed_checks=failed
        )
        cycle.plans.append(plan)
        record.detail.setdefault("plans", {})[name] = {"id": plan.id, **plan.counts}
        if part.mode == "apply":
            cycle.applied[name] = apply(opened, store, record, plan, allow=allow, progress=progress)
    if failed and "failed_check" not in allow:
        msg = f"the figures failed their checks: {', '.join(failed[:_NAMED])}"
        raise PartlyFailedError(
            msg,
            where="reconcile",
            fix="`closedloop reconcile --json` lists the rows that fail",
        )


def reconcile(opened: Session, store: Store, record: Run, *, progress: Progress | None = None) -> Reconciled:
    """Compute the figures as of today, and remember how many rows of what there were."""
    settings = opened.settings
    found = models.reconcile(
        settings,
        store,
        opened.operations,
        as_of=opened.clock.today(settings.company.time_zone),
        clock=opened.clock,
        progress=_stage("reconcile", progress),
    )
    record.detail["as_of"] = found.as_of.isoformat()
    record.detail["checks"] = [check.name for check in found.checks]
    return found


def scheduled(opened: Session, job: str, *, tick: str, progress: Progress) -> None:
    """Do one job of the daemon, recorded with the tick it is for.

    Raises:
        ClosedloopError: Whatever went wrong; it is recorded.
    """
    detail: dict[str, Any] = {"job": job, "tick": tick}
    kind = "reconcile" if job == PUBLISH else "sync"
    with opened.writer() as store, recorded(opened.operations, kind, opened.clock, **detail) as record:
        if job == PUBLISH:
            publish(opened, store, record, Cycle(run_id=record.id), progress=progress)
        else:
            read(opened, store, record, connections=[job.removeprefix(SYNC)], progress=progress)


def _stage(name: str, progress: Progress | None) -> Callable[[str, int, int], None] | None:
    """Show the steps of a stage as one bar."""
    return None if progress is None else lambda _step, done, total: progress(name, done, total)
