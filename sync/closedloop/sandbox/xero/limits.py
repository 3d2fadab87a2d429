"""Calls a minute and a day, and the headers that tell of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.xero.options import Options

APP_LIMIT = 10_000


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counts the calls of one organisation.

    Args:
        clock: The simulator's.
        options: The limits.
    """

    clock: ShiftedClock
    options: Options
    _minute: tuple[datetime, int] | None = None
    _day: tuple[datetime, int] | None = None
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> tuple[str, int] | None:
        """Count a call that begins; return what it breaches and the seconds to wait, if it breaches anything."""
        now = self.clock.now()
        with self._lock:
            self._minute = _counted(self._minute, now, timedelta(minutes=1))
            self._day = _counted(self._day, now, timedelta(days=1))
            self._running += 1
            if self._running > self.options.concurrent_limit:
                return "concurrent", 0
            if self._day[1] > self.options.day_limit:
                return "day", _seconds(self._day[0] + timedelta(days=1) - now)
            if self._minute[1] > self.options.minute_limit:
                return "minute", _seconds(self._minute[0] + timedelta(minutes=1) - now)
        return None

    def leave(self) -> None:
        """A call has ended."""
        with self._lock:
            self._running -= 1

    def headers(self) -> dict[str, str]:
        """Return what every answer tells."""
        with self._lock:
            minute, day = (counted[1] if counted else 0 for counted in (self._minute, self._day))
        return {
            "X-DayLimit-Remaining": str(max(0, self.options.day_limit - day)),
            "X-MinLimit-Remaining": str(max(0, self.options.minute_limit - minute)),
            "X-AppMinLimit-Remaining": str(max(0, APP_LIMIT - minute)),
        }


def _counted(held: tuple[datetime, int] | None, now: datetime, span: timedelta) -> tuple[datetime, int]:
    if held is None or now - held[0] >= span:
        return now, 1
    return held[0], held[1] + 1


def _seconds(span: timedelta) -> int:
    return max(1, int(span.total_seconds()) + 1)
