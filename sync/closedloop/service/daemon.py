"""The daemon: every job on its schedule, one at a time, by one process at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.errors import ClosedloopError, ConfigError, UnreachableError
from closedloop.kit.redact import vendor_text
from closedloop.log import get_logger
from closedloop.service import cycle, jobs
from closedloop.service.health import Health, serving
from closedloop.service.incidents import RELOAD, News
from closedloop.service.lease import DAEMON, BusyError, Lease
from closedloop.service.metrics import exposition
from closedloop.service.record import StoppedError
from closedloop.service.session import Session, session
from closedloop.service.watch import Watch
from closedloop.store.lease import LeaseLostError
from closedloop.store.stamps import to_text
from closedloop.units import span

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from closedloop.clock import Clock
    from closedloop.service.jobs import Job
    from closedloop.service.signals import Signals
    from closedloop.settings import Settings

log = get_logger(__name__)

#: A longer wait would sleep through a clock that was set, or a lease that came free.
LONGEST_WAIT_SECONDS = 30.0
#: How long to leave the writer's lease to a one-off verb that holds it.
_BUSY_WAIT_SECONDS = 5.0
_CONFIGURATION = "configuration"


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
    _watch: Watch = field(init=False)
    _refused: News | None = None

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
            self.signals.grace = span(service.grace).total_seconds()
            with (
                session(settings, self.clock) as opened,
                serving(
                    self.health,
                    service.host,
                    service.port,
                    lambda: exposition(opened, self.health.state),
                ) as address,
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
        self._watch, self._refused = Watch(opened=opened), None
        try:
            while not self.signals.stop.is_set():
                self.signals.wake.clear()
                self._check_helpers()
                renewed = self._reloaded(opened.settings)
                if renewed is not None:
                    return renewed
                self._wait(self._safe_turn(opened, lease))
        finally:
            self.health.state = "stopping"
            if lease.held:
                lease.give_back()
        return None

    def _safe_turn(self, opened: Session, lease: Lease) -> float:
        """Do a turn; a database that does not answer is waited for."""
        try:
            return self._turn(opened, lease)
        except (UnreachableError, LeaseLostError) as error:
            log.warning("daemon.cannot_go_on", message=error.message)
            self.health.state = "waiting"
            return _BUSY_WAIT_SECONDS

    def _turn(self, opened: Session, lease: Lease) -> float:
        """Do what is due, and return how many seconds to wait before the next turn."""
        if not lease.held and not lease.take():
            if self.health.state != "standby":
                log.info("daemon.standby")
            self.health.state = "standby"
            return float(opened.settings.service.lease_seconds) / 4
        known = jobs.of(opened.settings)
        if self.health.state not in {"idle", "working"}:
            log.info("daemon.working", jobs=sorted(known))
        self.health.state = "idle"
        self._tell_refusal()
        for job, tick in jobs.due(
            known, jobs.read(opened.operations), self.clock.now(), opened.settings.service
        ):
            if self.signals.stop.is_set() or lease.lost.is_set():
                return 0
            if not self._do(opened, job, tick):
                return _BUSY_WAIT_SECONDS
        self._watch.look()
        return self._seconds_to_next(opened, known)

    def _seconds_to_next(self, opened: Session, known: dict[str, Job]) -> float:
        held, now = jobs.read(opened.operations), self.clock.now()
        moments = [at for job in known.values() if (at := job.next_at(now, held.get(jobs.key(job.name))))]
        self.health.next_at = to_text(min(moments)) if moments else None
        return min(((at - now).total_seconds() for at in moments), default=LONGEST_WAIT_SECONDS)

    def _tell_refusal(self) -> None:
        """Say where `status` finds it whether a reload was refused."""
        if self._refused is not None:
            self._watch.incidents.open(RELOAD, _CONFIGURATION, self._refused)
        else:
            self._watch.incidents.close(_CONFIGURATION, RELOAD)

    def _do(self, opened: Session, job: str, tick: datetime) -> bool:
        """Do one job; return False if another process is writing, so that it stays due."""
        self.health.state, self.health.job, self.signals.is_busy = "working", job, True
        try:
            cycle.scheduled(opened, job, tick=tick, progress=self._safe_point, stop=self.signals.stop)
        except (StoppedError, SystemExit):
            log.info("job.stopped", job=job)
        except BusyError:
            log.info("job.waits", job=job)
            return False
        except LeaseLostError:
            raise
        except ClosedloopError as error:
            log.error("job.failed", job=job, message=error.message, where=error.where, fix=error.fix)  # noqa: TRY400
            self._failed(opened, job, tick, error)
        except Exception as error:
            log.exception("job.crashed", job=job)
            self._failed(opened, job, tick, error)
        else:
            self.health.failed.pop(job, None)
            self._watch.incidents.went_well(jobs.key(job))
        finally:
            self.health.state, self.health.job, self.signals.is_busy = "idle", None, False
        return True

    def _failed(self, opened: Session, job: str, tick: datetime, error: Exception) -> None:
        """Remember it, leave the job alone for a while unless it was done all the same, and tell people."""
        self.health.failed[job] = News.of(error).message
        held = jobs.read(opened.operations).get(jobs.key(job))
        if held is None or held.tick != tick or held.retry_at is not None:
            service = opened.settings.service
            again = jobs.put_off(
                opened.operations, job, tick, now=self.clock.now(), service=service, error=error
            )
            log.info("job.put_off", job=job, until=to_text(again))
        self._watch.failed(jobs.key(job), error)

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
            self._refused = News(
                message=f"the changed file was refused and the one before is used: {vendor_text(error.message)}",
                fix="`closedloop check` names every problem; correct it and send SIGHUP again",
            )
            return None
        log.info("daemon.reloaded", changed=settings != current)
        return settings

    def _wait(self, seconds: float) -> None:
        self.clock.wait(self.signals.wake, max(0.0, min(seconds, LONGEST_WAIT_SECONDS)))
