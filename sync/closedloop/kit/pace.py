"""Calls spread over time, as a vendor allows them: so many in so many seconds, and so many in a month."""

from __future__ import annotations

import fcntl
import os
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path


@dataclass(slots=True)
class Pace:
    """Waits so that no window of time ever sees more calls than the vendor allows.

    Args:
        limits: Pairs of calls and seconds: ``((10, 1.0), (500, 60.0))``.
        now: Tells the time in seconds; tests pass their own.
    """

    limits: tuple[tuple[int, float], ...]
    now: Callable[[], float] = monotonic
    _made: deque[float] = field(default_factory=deque)

    def wait(self, sleep: Callable[[float], None]) -> None:
        """Wait until one more call is allowed, and count it."""
        for calls, seconds in self.limits:
            if len(self._made) >= calls and (left := self._made[-calls] + seconds - self.now()) > 0:
                sleep(left)
        self._made.append(self.now())
        if len(self._made) > max((calls for calls, _ in self.limits), default=0):
            self._made.popleft()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is left of the calls that a vendor allows, as it said last.

    Args:
        left: Calls left to everybody who shares the allowance.
        allowed: The allowance; none where the vendor does not say.
        window: What it is for: ``day`` or ``month``.
    """

    left: int
    allowed: int | None = None
    window: str = "day"


class _Month(msgspec.Struct):
    month: str = ""
    calls: int = 0


@dataclass(frozen=True, slots=True)
class MonthlyCalls:
    """How many calls all processes of one connection have made in a calendar month, in a small file.

    Args:
        path: The file; a crash may lose the last call's count, never the file.
    """

    path: Path

    def used(self, now: datetime) -> int:
        """Return the calls of the month that ``now`` lies in."""
        try:
            held = msgspec.json.decode(self.path.read_bytes(), type=_Month)
        except (FileNotFoundError, msgspec.DecodeError):
            return 0
        return held.calls if held.month == _name(now) else 0

    def add(self, now: datetime) -> None:
        """Count one call."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path.with_suffix(".counting"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            draft = self.path.with_suffix(".draft-calls")
            draft.write_bytes(msgspec.json.encode(_Month(month=_name(now), calls=self.used(now) + 1)))
            draft.replace(self.path)
        finally:
            os.close(lock)  # which lets the lock go


def _name(now: datetime) -> str:
    return now.strftime("%Y-%m")
