"""Named places where the crash tests kill a process, between two durable steps.

Outside those tests a failpoint is one dictionary look-up. `CLOSEDLOOP_FAILPOINT` arms one:
``name:nth:victim`` where victim is ``self``, ``parent`` or ``group``; `CLOSEDLOOP_FAILPOINT_LOG` names a file
that gets one line for every hit, written before the kill, so that a failpoint never reached is noticed.
"""

from __future__ import annotations

import os
import signal
import time

_armed = os.environ.get("CLOSEDLOOP_FAILPOINT", "")
_log = os.environ.get("CLOSEDLOOP_FAILPOINT_LOG", "")
_hits: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Die here when the crash tests say so; otherwise do nothing.

    Args:
        name: Dotted and unique in the code base: ``extract.sealed``.
    """
    if not _armed and not _log:
        return
    _hits[name] = _hits.get(name, 0) + 1
    target, nth, victim = (*_armed.split(":"), "", "")[:3] if _armed else ("", "", "")
    due = target == name and _hits[name] == int(nth or 1)
    if _log:
        with open(_log, "a", encoding="utf-8") as file:  # noqa: PTH123 (one append, no Path needed)
            file.write(f"{name}{' killed ' + (victim or 'self') if due else ''}\n")
            file.flush()
            os.fsync(file.fileno())
    if due:
        _kill(victim or "self")


def _kill(victim: str) -> None:
    if victim == "group":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    elif victim == "parent":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(0.2)  # let the orphan run on for a moment, as a real one would
    else:
        os.kill(os.getpid(), signal.SIGKILL)
