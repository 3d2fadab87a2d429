"""What the daemon remembers of its jobs: the moment worked on last, and how long to leave one alone that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from closedloop.errors import BudgetError
from closedloop.service.schedule import Schedule, offset, schedule
from closedloop.store import tables
from closedloop.store.stamps import from_text, to_text
from closedloop.units import span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from closedloop.settings import Service, Settings
    from closedloop.store.operations import Operations

#: Names of the jobs: `sync:<connection>` reads, `publish` reconciles and writes back.
SYNC = "sync:"
PUBLISH = "publish"


@dataclass(slots=True, kw_only=True, frozen=True)
class Job:
    """One job with its schedule.

    Args:
        name: `sync:<connection>` or `publish`.
        schedule: Its ticks.
        late: How much later than its ticks it begins.
    """

    name: str
    schedule: Schedule
    late: timedelta

    def tick(self, now: datetime) -> datetime | None:
        """Return the newest tick whose time has come."""
        return self.schedule.until(now - self.late)

    def next_at(self, now: datetime, held: Held | None = None) -> datetime | None:
        """Return when it is due next if it is not now."""
        if held is not None and held.retry_at is not None:
            return held.retry_at
        tick = self.schedule.after(now - self.late)
        return tick + self.late if tick else None


@dataclass(slots=True, kw_only=True, frozen=True)
class Held:
    """What is known of a job.

    Args:
        tick: The newest tick that was worked on.
        failures: How often it failed since it went well.
        retry_at: When it is tried again after a failure; none: at its next tick.
    """

    tick: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None


def of(settings: Settings) -> dict[str, Job]:
    """Return the jobs, connections first, so that what is due together reads before it publishes."""
    service, company = settings.service, settings.company
    lines = {f"{SYNC}{name}": one.schedule for name, one in settings.connections.items()}
    lines[PUBLISH] = service.reconcile_schedule
    jitter = span(service.jitter) if service.jitter else span("1s") * 0
    return {
        name: Job(
            name=name, schedule=schedule(line, company.time_zone), late=offset(name, company.name, jitter)
        )
        for name, line in lines.items()
    }


def key(job: str) -> str:
    """Return the job's key in the operational database: those of a connection begin with its name."""
    return f"{job.removeprefix(SYNC)}:sync" if job.startswith(SYNC) else job


def read(operations: Operations) -> dict[str, Held]:
    """Return what is known of each job, by `key`."""
    with operations.reading() as connection:
        rows = connection.execute(select(tables.job)).all()
    return {
        row.key: Held(
            tick=from_text(row.tick) if row.tick else None,
            failures=row.failures,
            retry_at=from_text(row.retry_at) if row.retry_at else None,
        )
        for row in rows
    }


def due(
    jobs: Mapping[str, Job], held: Mapping[str, Held], now: datetime, service: Service
) -> list[tuple[str, datetime]]:
    """Return the jobs to do now with the tick they are for: once each, however many ticks were missed."""
    found = []
    for name, job in jobs.items():
        tick = job.tick(now)
        if tick is not None and _is_due(job, held.get(key(name)), tick, now, service):
            found.append((name, tick))
    return found


def _is_due(job: Job, held: Held | None, tick: datetime, now: datetime, service: Service) -> bool:
    if held is None or held.tick is None:
        return held is None or held.retry_at is None or now >= held.retry_at
    if held.retry_at is not None:
        # A pause longer than any: the clock was set back since.
        return now >= held.retry_at or held.retry_at - now > span(service.backoff_limit)
    following = job.schedule.after(now - job.late)
    # What was worked on lies beyond the next tick: the clock was set back, and waiting for it could take for ever.
    return held.tick < tick or (following is not None and held.tick > following)


def finish(connection: Connection, job: str, tick: datetime) -> None:
    """Note that a tick was worked on; the caller owns the transaction."""
    _put(connection, job, tick=to_text(tick), failures=0, retry_at=None)


def put_off(
    operations: Operations, job: str, tick: datetime, *, now: datetime, service: Service, error: Exception
) -> datetime:
    """Note that a job failed, and return when it is tried again.

    The pause doubles with each failure in a row; a budget that is spent is worth no try before the longest one.
    """
    failures = read(operations).get(key(job), Held()).failures + 1
    longest = span(service.backoff_limit)
    pause = min(span(service.backoff) * 2 ** min(failures - 1, 20), longest)
    retry_at = now + (longest if isinstance(error, BudgetError) else pause)
    with operations.transaction() as connection:
        _put(connection, job, tick=to_text(tick), failures=failures, retry_at=to_text(retry_at))
    return retry_at


def _put(connection: Connection, job: str, **values: object) -> None:
    table = tables.job
    connection.execute(delete(table).where(table.c.key == key(job)))
    connection.execute(insert(table).values(key=key(job), **values))
