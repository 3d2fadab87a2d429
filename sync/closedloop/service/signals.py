"""Signals become events: the first asks for a clean end, the second gets the system's own behaviour.

Who was asked to end and finds no safe point within the grace period is stopped where it is: the processes it started are
killed, and `SystemExit` goes through whatever runs. Any point is one at which a kill would do no harm.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop import connectors
from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

log = get_logger(__name__)

_ENDING = (signal.SIGTERM, signal.SIGINT)
_TERMINATED = 143


@dataclass(slots=True, kw_only=True)
class Signals:
    """What was asked for from outside; ``wake`` is set with either, so that one wait hears all.

    Args:
        grace: Seconds in which a job that goes on must find a safe point once the end was asked for.
        is_busy: Whether a job goes on: set by who does it.
    """

    grace: float = 25.0
    is_busy: bool = False

    stop: threading.Event = field(default_factory=threading.Event)
    reload: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)

    def ask_stop(self) -> None:
        """Ask for a clean end."""
        self.stop.set()
        self.wake.set()

    def ask_reload(self) -> None:
        """Ask for the file to be read again."""
        self.reload.set()
        self.wake.set()


@contextmanager
def listening() -> Iterator[Signals]:
    """Install the handlers (main thread only) and restore the earlier ones afterwards."""
    signals = Signals()
    before = {number: signal.getsignal(number) for number in (*_ENDING, signal.SIGHUP, signal.SIGALRM)}

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signals.ask_stop()
        signal.setitimer(signal.ITIMER_REAL, signals.grace)

    def insist(_number: int, _frame: FrameType | None) -> None:
        if signals.is_busy:
            log.warning("daemon.grace_over", seconds=signals.grace)
            connectors.kill_running()
            raise SystemExit(_TERMINATED)

    for number in _ENDING:
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, insist)
    signal.signal(signal.SIGHUP, lambda _number, _frame: signals.ask_reload())
    try:
        yield signals
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
