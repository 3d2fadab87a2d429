"""The daemon: every job on its schedule, one at a time, by one process at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from closedloop.errors import ClosedloopError, ConfigError, GuardError
from closedloop.log import get_logger
from closedloop.service import cycle
from closedloop.service.cycle import PUBLISH, SYNC
from closedloop.service.health import Health, serving
from closedloop.service.lease import DAEMON, BusyError, Lease
from closedloop.service.record import StoppedError
from closedloop.service.schedule import Cron
from closedloop.service.session import Session, session
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from closedloop.clock import Clock
    from closedloop.service.signals import Signals
    from closedloop.settings import Settings

log = get_logger(__name__)

#: A longer wait would sleep through a clock that was set, or a lease that came free.
_LONGEST_WAIT_SECONDS = 30.0
#: How long to leave the writer's lease to a one-off verb that holds it.
_BUSY_WAIT_SECONDS = 5.0
_RUNS_LOOKED_THROUGH = 2_000


class HelperDiedError(ClosedloopError):
    """A helper thread ended on its own: better no daemon than half of one."""


@dataclass(slots=True, kw_only=True)
class Daemon:
    """One daemon.

    Args:
        read: Reads the configuration file.
        clock: Tells what is due.
        signals: What is asked for from outside.
    """

    read: Callable[[], Settings]
    clock: Clock
    signals: Signals
    health: Health = field(init=False)

    def __post_init__(self) -> None:
        self.health = Health(on_death=self.signals.wake.set)

    def run(self) -> None:
        """Work until asked to stop.

        Raises:
            ConfigError: The file is wrong at the start; later a wrong one is refused and the old one kept.
            HelperDiedError: A helper thread died.
        """
        settings: Settings | None = self.read()
        while settings is not None:
            service = settings.service
            with (
                session(settings, self.clock) as opened,
                serving(self.health, service.host, service.port) as address,
            ):
                log.info("daemon.listening", address=address)
                settings = self._serve(opened)
        log.info("daemon.ended")

    def _serve(self, opened: Session) -> Settings | None:
        """Work with one configuration; return the next one, or none to end."""
        lease = Lease(
            operations=opened.operations,
            name=DAEMON,
            seconds=opened.settings.service.lease_seconds,
            clock=self.clock,
            on_lost=self.signals.wake.set,
        )
        try:
            while not self.signals.stop.is_set():
                self.signals.wake.clear()
                self._check_helpers()
                renewed = self._reloaded(opened.settings)
                if renewed is not None:
                    return renewed
                self._wait(self._turn(opened, lease))
        finally:
            self.health.state = "stopping"
            if lease.held:
                lease.give_back()
        return None

    def _turn(self, opened: Session, lease: Lease) -> float:
        """Do what is due, and return how many seconds to wait before the next turn."""
        if not lease.held and not lease.take():
            if self.health.state != "standby":
                log.info("daemon.standby")
            self.health.state = "standby"
            return float(opened.settings.service.lease_seconds) / 4
        if self.health.state not in {"idle", "working"}:
            log.info("daemon.working", jobs=sorted(crons(opened.settings)))
        self.health.state = "idle"
        lines, now = crons(opened.settings), self.clock.now()
        for job, tick in due(lines, last_ticks(opened), now):
            if self.signals.stop.is_set() or lease.lost.is_set():
                return 0
            if not self._do(opened, job, tick):
                return _BUSY_WAIT_SECONDS
        return self._seconds_to_next(lines)

    def _seconds_to_next(self, lines: dict[str, Cron]) -> float:
        now = self.clock.now()
        ticks = [tick for cron in lines.values() if (tick := cron.after(now))]
        self.health.next_at = to_text(min(ticks)) if ticks else None
        return min(((tick - now).total_seconds() for tick in ticks), default=_LONGEST_WAIT_SECONDS)

    def _do(self, opened: Session, job: str, tick: datetime) -> bool:
        """Do one job; return False if another process is writing, so that it stays due."""
        self.health.state, self.health.job = "working", job
        try:
            cycle.scheduled(
                opened, job, tick=to_text(tick), progress=self._safe_point, stop=self.signals.stop
            )
        except StoppedError:
            log.info("job.stopped", job=job)
        except BusyError:
            log.info("job.waits", job=job)
            return False
        except ClosedloopError as error:
            self.health.failed[job] = error.message
            log.error("job.failed", job=job, message=error.message, where=error.where, fix=error.fix)  # noqa: TRY400
        except Exception as error:
            self.health.failed[job] = type(error).__name__
            log.exception("job.crashed", job=job)
        else:
            self.health.failed.pop(job, None)
        finally:
            self.health.state, self.health.job = "idle", None
        return True

    def _safe_point(self, *_step: object, **_more: object) -> None:
        """End the job here if asked: the parts call this only where everything so far is whole.

        Raises:
            StoppedError: The daemon was asked to end.
            HelperDiedError: A helper thread died.
        """
        self._check_helpers()
        if self.signals.stop.is_set():
            raise StoppedError("stopped at a safe point", fix="the next run goes on from here")

    def _check_helpers(self) -> None:
        if self.health.dead:
            msg = f"the {self.health.dead} thread died"
            raise HelperDiedError(
                msg,
                where="daemon",
                fix="see the log; a supervisor restarts the daemon",
            )

    def _reloaded(self, current: Settings) -> Settings | None:
        """Return the new settings if a reload was asked for and the file is right."""
        if not self.signals.reload.is_set():
            return None
        self.signals.reload.clear()
        try:
            settings = self.read()
        except ConfigError as error:
            log.error("daemon.reload_refused", problems=str(error))  # noqa: TRY400 (the message is all there is)
            return None
        log.info("daemon.reloaded", changed=settings != current)
        return settings

    def _wait(self, seconds: float) -> None:
        self.signals.wake.wait(max(0.0, min(seconds, _LONGEST_WAIT_SECONDS)))


def crons(settings: Settings) -> dict[str, Cron]:
    """Return the jobs and their schedules, connections first, so that what is due together reads before it publishes."""
    zone = settings.company.time_zone
    lines = {f"{SYNC}{name}": connection.schedule for name, connection in settings.connections.items()}
    lines[PUBLISH] = settings.service.reconcile_schedule
    return {job: Cron(line=line, zone=zone) for job, line in lines.items()}


def due(lines: dict[str, Cron], last: dict[str, str], now: datetime) -> list[tuple[str, datetime]]:
    """Return the jobs whose last tick was not worked on, once each however many ticks were missed."""
    ticks = [(job, cron.until(now)) for job, cron in lines.items()]
    return [(job, tick) for job, tick in ticks if tick and to_text(tick) > last.get(job, "")]


def last_ticks(opened: Session) -> dict[str, str]:
    """Return the last tick that was worked to its end, well or not, by job."""
    run, found = tables.run, dict[str, str]()
    cut_short = run.c.state.in_(["running", "died"]) | (
        (run.c.state == "stopped") & (run.c.exit_code != GuardError.exit_code)
    )
    newest = select(run.c.detail).where(~cut_short).order_by(run.c.id.desc()).limit(_RUNS_LOOKED_THROUGH)
    with opened.operations.reading() as connection:
        rows = connection.execute(newest).scalars().all()
    for detail in rows:
        values: dict[str, Any] = json.loads(detail)
        if "tick" in values:
            found.setdefault(values["job"], values["tick"])
    return found
