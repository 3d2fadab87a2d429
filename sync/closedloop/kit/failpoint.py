"""Named places where the crash tests kill a process, between two durable steps.

Outside those tests a failpoint is one comparison. `CLOSEDLOOP_FAILPOINT` arms one, ``name:nth:victim``: at its
nth hit in a process it kills ``self``, its ``parent``, its ``child`` processes, or the ``group`` (every process of
its session). `CLOSEDLOOP_FAILPOINT_LOG` names a file that gets one line for every hit, before the kill, so that a
failpoint that is never reached is noticed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_armed = os.environ.get("CLOSEDLOOP_FAILPOINT", "")
_log = os.environ.get("CLOSEDLOOP_FAILPOINT_LOG", "")
_hits: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Kill here when the crash tests say so; otherwise do nothing.

    Args:
        name: Dotted, a literal, and unique in the code base: ``extract.sealed``.
    """
    if not _armed and not _log:
        return
    _hits[name] = _hits.get(name, 0) + 1
    target, _, rest = _armed.partition(":")
    nth, _, victim = rest.partition(":")
    due = target == name and _hits[name] == int(nth or 1)
    if _log:
        _note(f"{name} killed {victim}" if due else name)
    if due:
        _kill(victim or "self")


def _note(line: str) -> None:
    descriptor = os.open(_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.fsync(descriptor)
    os.close(descriptor)


def _kill(victim: str) -> None:
    own, session = os.getpid(), os.getsid(0)
    if victim == "parent":
        victims = [os.getppid()]
    elif victim == "child":
        victims = [pid for pid, parent, _ in _processes() if parent == own]
    elif victim == "group":
        victims = [pid for pid, _, theirs in _processes() if theirs == session and pid != own] + [own]
    else:
        victims = [own]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)  # an orphan runs on for a moment, as a real one would


def _processes() -> list[tuple[int, int, int]]:
    """Return (pid, parent, session) of every process, as Linux shows them in /proc/PID/stat."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        found.append((int(stat.parent.name), int(after_name[1]), int(after_name[3])))
    return found
