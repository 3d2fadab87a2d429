"""Being the only one: a lease that a thread keeps alive, and what happens when it is lost."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.errors import UnreachableError
from closedloop.log import get_logger
from closedloop.store import lease
from closedloop.store.lease import WRITER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations

log = get_logger(__name__)

#: Which daemon works; another one on the same database waits.
DAEMON = "daemon"
_TRIES_PER_LEASE = 4


class BusyError(UnreachableError):
    """Another process is writing."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """A held lease and the thread that prolongs it.

    Args:
        operations: Where it is kept.
        name: `WRITER` or `DAEMON`.
        seconds: How long it lasts without a sign of life.
        clock: Tells when it runs out.
        on_lost: Called from the keeping thread when the lease is lost.
    """

    operations: Operations
    name: str
    seconds: float
    clock: Clock
    holder: str = field(default_factory=lease.new_holder)
    lost: threading.Event = field(default_factory=threading.Event)
    on_lost: Callable[[], None] = lambda: None
    _seen: tuple[tuple[str, str], float] | None = None
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def held(self) -> bool:
        """Whether we hold it, as far as we know."""
        return self._thread is not None and not self.lost.is_set()

    def take(self) -> bool:
        """Take the lease and begin to keep it; return whether it was free."""
        self.holder = lease.new_holder()  # also our own earlier self is another
        if not lease.acquire(
            self.operations,
            self.name,
            holder=self.holder,
            seconds=self.seconds,
            clock=self.clock,
            silent=self._silent(),
        ):
            return False
        self.lost.clear()
        self._done.clear()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{self.name}", daemon=True)
        self._thread.start()
        return True

    def _silent(self) -> tuple[str, str] | None:
        """Return the holder if it has shown no sign of life for longer than its time, by our own watch."""
        found, now = lease.current(self.operations, self.name), time.monotonic()
        if found is None or self._seen is None or self._seen[0] != found:
            self._seen = (found, now) if found else None
            return None
        return found if now - self._seen[1] > self.seconds else None

    def give_back(self) -> None:
        """Stop keeping the lease and free it for the next."""
        self._done.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        lease.release(self.operations, self.name, holder=self.holder)

    def check(self) -> None:
        """Do nothing while the lease is ours.

        Raises:
            LeaseLostError: It is not.
        """
        if self.lost.is_set():
            raise lease.lost(self.name)

    def _keep(self) -> None:
        """Prolong until told to stop; any failure counts as lost, because nobody else will notice."""
        deadline = self.clock.real().timestamp() + self.seconds
        while not self._done.wait(self.seconds / _TRIES_PER_LEASE):
            asked = self.clock.real().timestamp()
            try:
                kept = lease.renew(
                    self.operations, self.name, holder=self.holder, seconds=self.seconds, clock=self.clock
                )
            except Exception as error:  # noqa: BLE001 (a database that does not answer: try until the lease runs out)
                log.warning("lease.not_renewed", name=self.name, error=type(error).__name__)
                kept = asked < deadline
            else:
                deadline = asked + self.seconds
            if not kept:
                log.error("lease.lost", name=self.name)
                self.lost.set()
                self.on_lost()
                return


@contextmanager
def writing(operations: Operations, clock: Clock, seconds: float) -> Iterator[Lease]:
    """Be the only writer meanwhile; every transaction is fenced by the lease. On the main thread, losing the lease interrupts whatever runs.

    Raises:
        BusyError: Another process writes.
        LeaseLostError: The lease was lost on the way.
    """
    held = Lease(operations=operations, name=WRITER, seconds=seconds, clock=clock)
    with _interruptible(held):
        if not held.take():
            raise BusyError(
                "another closedloop is at work on this home",
                where="lease",
                fix="wait until it ends; `closedloop status` shows what it does, and a killed one is replaced by itself",
            )
        operations.fence.holder = held.holder
        try:
            yield held
        finally:
            operations.fence.holder = None
            held.give_back()


@contextmanager
def _interruptible(held: Lease) -> Iterator[None]:
    """Let the loss of the lease raise in the main thread, even in the middle of a request."""
    main = threading.main_thread()
    if threading.current_thread() is not main or main.ident is None:
        yield
        return
    ident = main.ident

    def stop(_number: int, _frame: FrameType | None) -> None:
        held.check()

    before = signal.signal(signal.SIGUSR2, stop)
    held.on_lost = lambda: signal.pthread_kill(ident, signal.SIGUSR2)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR2, before)
