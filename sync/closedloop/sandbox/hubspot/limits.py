"""Calls in ten seconds, a day and, for the search, a second; and the headers that tell of them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date, datetime

    from closedloop.sandbox.hubspot.options import Options
    from closedloop.sandbox.odoo.engine import ShiftedClock

ROLLING, SECOND = timedelta(seconds=10), timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counts the calls of the account.

    Args:
        clock: The simulator's.
        options: The limits.
        zone: The account's zone: its midnight begins a day.
    """

    clock: ShiftedClock
    options: Options
    zone: str
    _rolling: deque[datetime] = field(default_factory=deque)
    _searches: deque[datetime] = field(default_factory=deque)
    _day: tuple[date, int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, *, searches: bool) -> str | None:
        """Count a call and return the policy that it breaches, if it breaches one."""
        now = self.clock.now()
        with self._lock:
            today = now.astimezone(ZoneInfo(self.zone)).date()
            used = self._day[1] if self._day and self._day[0] == today else 0
            self._day = today, used + 1
            if used >= self.options.day_limit:
                return "DAILY"
            if searches and not _room(self._searches, now, SECOND, self.options.search_limit):
                return "SECONDLY"
            if not _room(self._rolling, now, ROLLING, self.options.ten_second_limit):
                return "TEN_SECONDLY_ROLLING"
        return None

    def used(self) -> int:
        """Return the calls of the day."""
        return self._day[1] if self._day else 0

    def headers(self, *, daily: bool) -> dict[str, str]:
        """Return what answers tell; tokens of OAuth hear nothing of the day."""
        left = max(0, self.options.ten_second_limit - len(self._rolling))
        found = {
            "X-HubSpot-RateLimit-Max": str(self.options.ten_second_limit),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Secondly": str(self.options.ten_second_limit // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, left // 10)),
        }
        if daily:
            left_today = max(0, self.options.day_limit - self.used())
            found["X-HubSpot-RateLimit-Daily"] = str(self.options.day_limit)
            found["X-HubSpot-RateLimit-Daily-Remaining"] = str(left_today)
        return found


def _room(held: deque[datetime], now: datetime, span: timedelta, most: int) -> bool:
    while held and now - held[0] >= span:
        held.popleft()
    if len(held) >= most:
        return False
    held.append(now)
    return True
