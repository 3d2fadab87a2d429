"""Signals become events: the first asks for a clean end, the second gets the system's own behaviour."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True, kw_only=True)
class Signals:
    """What was asked for from outside; ``wake`` is set with either, so that one wait hears all."""

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
    before = {number: signal.getsignal(number) for number in (*_ENDING, signal.SIGHUP)}

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signals.ask_stop()

    for number in _ENDING:
        signal.signal(number, end)
    signal.signal(signal.SIGHUP, lambda _number, _frame: signals.ask_reload())
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
