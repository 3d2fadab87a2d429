"""The day's allowance of calls, and the resource that tells how much of it is left."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.call import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.call import Call, Reply

_DAY = timedelta(hours=24)


class Limits:
    """Counts calls over the last 24 hours.

    Args:
        most: How many there may be.
        now: Tells the time.
    """

    def __init__(self, most: int, now: Callable[[], datetime]) -> None:
        self.most = most
        self._now = now
        self._calls: deque[datetime] = deque()
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Count a call and return whether it is within the allowance; one refused does not count."""
        with self._lock:
            now = self._now()
            while self._calls and self._calls[0] <= now - _DAY:
                self._calls.popleft()
            if len(self._calls) >= self.most:
                return False
            self._calls.append(now)
        return True

    def use(self, calls: int) -> None:
        """Count calls that somebody else made."""
        with self._lock:
            self._calls.extend([self._now()] * calls)

    def header(self) -> dict[str, str]:
        """Return what every answer of the API says about it."""
        return {"Sforce-Limit-Info": f"api-usage={len(self._calls)}/{self.most}"}

    def show(self, _call: Call) -> Reply:
        """Answer with the limits."""
        fixed = {
            "DailyBulkApiBatches": 15_000,
            "DailyBulkV2QueryFileStorageMB": 976_562,
            "DailyBulkV2QueryJobs": 10_000,
            "DataStorageMB": 10_240,
            "FileStorageMB": 10_240,
        }
        left = {"DailyApiRequests": {"Max": self.most, "Remaining": max(0, self.most - len(self._calls))}}
        return answer(left | {name: {"Max": most, "Remaining": most} for name, most in fixed.items()})
