"""Calls in 20 seconds, at once and a day; a refused call does not count."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from closedloop.sandbox.marketo.errors import MarketoError

if TYPE_CHECKING:
    from datetime import date, datetime

    from closedloop.sandbox.marketo.options import Options
    from closedloop.sandbox.odoo.engine import ShiftedClock

_CENTRAL = ZoneInfo("America/Chicago")
_BURST = timedelta(seconds=20)


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counts the calls of a subscription.

    Args:
        clock: The simulator's.
        options: The limits.
        others: Calls of the day that other services made.
    """

    clock: ShiftedClock
    options: Options
    others: int = 0
    _recent: deque[datetime] = field(default_factory=deque)
    _days: dict[date, int] = field(default_factory=dict)
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def today(self) -> date:
        """Return the day that the limit of the day is about."""
        return self.clock.now().astimezone(_CENTRAL).date()

    def enter(self) -> None:
        """A call begins.

        Raises:
            MarketoError: It is one too many.
        """
        now, day = self.clock.now(), self.today()
        with self._lock:
            self._running += 1
            while self._recent and self._recent[0] <= now - _BURST:
                self._recent.popleft()
            if self.used(day) >= self.options.day_limit:
                raise MarketoError("607")
            if self._running > self.options.concurrent_limit:
                raise MarketoError("615")
            if len(self._recent) >= self.options.burst_limit:
                raise MarketoError("606")
            self._recent.append(now)
            self._days[day] = self._days.get(day, 0) + 1

    def leave(self) -> None:
        """A call has ended."""
        with self._lock:
            self._running -= 1

    def used(self, day: date) -> int:
        """Return the calls of a day."""
        return self._days.get(day, 0) + self.others
