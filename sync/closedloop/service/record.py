"""Every command that does work leaves a run behind: what it was, how it ended, what it wants to remember."""

from __future__ import annotations

import getpass
import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from structlog.contextvars import bound_contextvars

from closedloop.errors import ClosedloopError, GuardError, PartlyFailedError
from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations

log = get_logger(__name__)

_INTERRUPTED = 130


class StoppedError(ClosedloopError):
    """Somebody asked the daemon to end; what was done is kept."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One run that is going on.

    Args:
        id: Its id, which sorts by time.
        detail: What it will remember; becomes JSON.
    """

    id: str
    detail: dict[str, Any] = field(default_factory=dict)


@contextmanager
def recorded(
    operations: Operations,
    kind: str,
    clock: Clock,
    *,
    also: Callable[[Connection, str], None] | None = None,
    **detail: object,
) -> Iterator[Run]:
    """Record a run of ``kind``, ended by how the block ends; errors pass on.

    Args:
        operations: Where it is recorded.
        kind: Which verb.
        clock: Tells when.
        also: Done in the transaction that records the end; told the state, or ``guarded`` if a guard stopped the run.
        detail: What it will remember.
    """
    known = {"by": _who(), **detail}
    run = Run(id=operations.begin_run(kind, clock, known), detail=known)
    log.info("run.began", run=run.id, kind=kind)
    state, code, is_guarded = "failed", 1, False
    try:
        with bound_contextvars(run=run.id):
            yield run
        state, code = "done", 0
    except ClosedloopError as error:
        state, code, is_guarded = _state(error), error.exit_code, isinstance(error, GuardError)
        run.detail["error"] = {"message": error.message, "where": error.where, "fix": error.fix}
        raise
    except (KeyboardInterrupt, SystemExit):
        state, code = "stopped", _INTERRUPTED
        raise
    except Exception as error:
        if isinstance(error.__cause__, (SystemExit, ClosedloopError)):
            # What a signal's handler raised in the middle of a query: DuckDB wraps it.
            state, code = "stopped", _INTERRUPTED
            raise error.__cause__ from None
        run.detail["error"] = {"message": f"closedloop itself failed: {type(error).__name__}"}
        raise
    finally:
        operations.end_run(
            run.id,
            state=state,
            exit_code=code,
            clock=clock,
            detail=run.detail,
            also=None
            if also is None
            else lambda connection: also(connection, "guarded" if is_guarded else state),
        )
        log.info("run.ended", run=run.id, kind=kind, state=state, exit_code=code)


def _who() -> str:
    """Return whose process this is: what the audit tells of a run."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _state(error: ClosedloopError) -> str:
    if isinstance(error, (GuardError, StoppedError)):
        return "stopped"
    return "partly_failed" if isinstance(error, PartlyFailedError) else "failed"
