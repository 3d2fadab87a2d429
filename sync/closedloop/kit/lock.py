"""One writer at a time for each connection, whatever process it is: a `flock` on a file.

The kernel frees it when the holder dies, so that no lock is ever stale.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from closedloop.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Paths this process holds, with their handles: a second lock of the same file in one process is the same lock.
_held: dict[Path, int] = {}


@dataclass(slots=True, kw_only=True)
class WriteLock:
    """The right to write to one connection.

    Args:
        path: The lock file; it is made, and never removed (removing it would let two holders in).
        wait: Longest wait for another holder, in seconds.
        sleep: Waits; tests pass their own.
    """

    path: Path
    wait: float = 60.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def acquire(self) -> None:
        """Take the lock, or do nothing if this process has it.

        Raises:
            UnreachableError: Another process keeps it for longer than ``wait``.
        """
        path = self.path.absolute()
        if path in _held:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(handle)
        except BaseException:
            os.close(handle)
            raise
        _held[path] = handle

    def release(self) -> None:
        """Give the lock back; harmless if we do not have it."""
        handle = _held.pop(self.path.absolute(), None)
        if handle is not None:
            os.close(handle)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def _wait_for(self, handle: int) -> None:
        step = 0.1
        left = self.wait
        while not _try(handle):
            if left <= 0:
                raise UnreachableError(
                    "another process is writing to this connection",
                    where=str(self.path),
                    fix="wait until it has finished, or end it",
                )
            self.sleep(min(step, left))
            left -= step


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
