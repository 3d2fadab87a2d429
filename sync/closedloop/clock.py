"""The one place that knows what time it is.

Nobody sets anything: every process shows the system's time. Two variables change that, for the demo, for tests, and to
live through a year in minutes:

- `CLOSEDLOOP_CLOCK`, an ISO time with a zone: the process begins at that time, and time runs on from there.
- `CLOSEDLOOP_CLOCK_FILE`, the path of a file that all processes of one world read each time they ask: the core, the
  taps and targets it starts, and the simulators. It holds one line, written by `set_shared`: an ISO time with a zone,
  and, if time runs on from there, the second of the machine's monotonic clock at which it was that time. Whoever
  writes the file moves all of them at once. Leases and waits for an answer go by real time all the same: a process is
  no less alive because the calendar jumped.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import threading

#: Starts the clock at this ISO time instead of now: the demo and the tests live in a world with its own today.
START_VARIABLE = "CLOSEDLOOP_CLOCK"
#: Names the file that several processes read their time from.
FILE_VARIABLE = "CLOSEDLOOP_CLOCK_FILE"
#: How often a wait looks at a clock that somebody else moves, in seconds.
_LOOK = 0.05


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

    def real(self) -> datetime:
        """Return the time by which it is judged whether a process is alive, aware, in UTC."""
        return self.now()

    def today(self, zone: str) -> date:
        """Return the current day in the time zone ``zone`` (an IANA name)."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Return when ``event`` is set, or after so many seconds."""
        event.wait(seconds)


@dataclass(slots=True, kw_only=True)
class SharedClock(Clock):
    """A clock that several processes read from one file, see `set_shared`.

    Args:
        path: The file.
    """

    path: Path

    def now(self) -> datetime:
        """Return the time in the file, aware, in UTC, and what has passed since it was written if time runs on.

        Raises:
            ValueError: The file cannot be read, or holds no time.
        """
        try:
            moment, _, since = self.path.read_text(encoding="ascii").strip().partition(" ")
        except OSError as error:
            message = f"{FILE_VARIABLE} names a file that cannot be read: {error.strerror}"
            raise ValueError(message) from error
        passed = time.monotonic() - float(since) if since else 0.0
        return _aware(moment, FILE_VARIABLE) + timedelta(seconds=passed)

    def real(self) -> datetime:
        """Return the system's time: a step of the shared clock kills nobody."""
        return datetime.now(UTC)

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Return when ``event`` is set, or when the shared clock is so many seconds on."""
        end = self.now() + timedelta(seconds=seconds)
        while self.now() < end and not event.wait(_LOOK):
            pass


def set_shared(path: Path, moment: datetime, *, runs: bool = True) -> None:
    """Move every process that reads ``path`` to another time.

    Args:
        path: The file; replaced in one step, so that nobody reads half of it.
        moment: Aware.
        runs: Whether time runs on from there; otherwise it stands until the next call.
    """
    since = f" {time.monotonic():.6f}" if runs else ""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(f"{moment.astimezone(UTC).isoformat()}{since}\n", encoding="ascii")
    draft.replace(path)


def shared_clock() -> SharedClock | None:
    """Return the clock that ``CLOSEDLOOP_CLOCK_FILE`` names; none if it names none."""
    path = os.environ.get(FILE_VARIABLE)
    return SharedClock(path=Path(path)) if path else None


def system_clock() -> Clock:
    """Return the clock every process starts with.

    Raises:
        ValueError: ``CLOSEDLOOP_CLOCK`` is set and is not an ISO time with a zone, or the same of the file that
            ``CLOSEDLOOP_CLOCK_FILE`` names.
    """
    if shared := shared_clock():
        shared.now()
        return shared
    text = os.environ.get(START_VARIABLE)
    return Clock(start=_aware(text, START_VARIABLE)) if text else Clock()


def world_clock(start: datetime) -> Clock:
    """Return the clock of a simulated world that begins at ``start``, unless all processes share one."""
    return shared_clock() or Clock(start=start)


def _aware(text: str, name: str) -> datetime:
    start = datetime.fromisoformat(text)
    if start.tzinfo is None:
        message = f"{name} needs a time zone: {text}"
        raise ValueError(message)
    return start.astimezone(UTC)
