"""The one place that knows what time it is."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

#: Starts the clock at this ISO time instead of now: the demo and the tests live in a world with its own today.
START_VARIABLE = "CLOSEDLOOP_CLOCK"


@dataclass(slots=True, kw_only=True)
class Clock:
    """Aware UTC time, and the day it is in a company's time zone.

    Args:
        start: When given, the clock shows this time now and runs on from there.
    """

    start: datetime | None = None
    _begun: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        if self.start is None:
            return datetime.now(UTC)
        return self.start + timedelta(seconds=time.monotonic() - self._begun)

    def today(self, zone: str) -> date:
        """Return the current day in the time zone ``zone`` (an IANA name)."""
        return self.now().astimezone(ZoneInfo(zone)).date()


def system_clock() -> Clock:
    """Return the clock every process starts with.

    Raises:
        ValueError: ``CLOSEDLOOP_CLOCK`` is set and is not an ISO time with a zone.
    """
    text = os.environ.get(START_VARIABLE)
    if not text:
        return Clock()
    start = datetime.fromisoformat(text)
    if start.tzinfo is None:
        message = f"{START_VARIABLE} needs a time zone: {text}"
        raise ValueError(message)
    return Clock(start=start.astimezone(UTC))
