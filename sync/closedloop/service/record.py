"""Every command that does work leaves a run behind: what it was, how it ended, what it wants to remember."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.errors import ClosedloopError, GuardError, PartlyFailedError
from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

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
def recorded(operations: Operations, kind: str, clock: Clock, **detail: object) -> Iterator[Run]:
    """Record a run of ``kind``, ended by how the block ends; errors pass on."""
    run = Run(id=operations.begin_run(kind, clock), detail=dict(detail))
    state, code = "failed", 1
    try:
        yield run
        state, code = "done", 0
    except ClosedloopError as error:
        state, code = _state(error), error.exit_code
        run.detail["error"] = {"message": error.message, "where": error.where, "fix": error.fix}
        raise
    except (KeyboardInterrupt, SystemExit):
        state, code = "stopped", _INTERRUPTED
        raise
    except Exception as error:
        run.detail["error"] = {"message": f"closedloop itself failed: {type(error).__name__}"}
        raise
    finally:
        operations.end_run(run.id, state=state, exit_code=code, clock=clock, detail=run.detail)
        log.info("run.ended", run=run.id, kind=kind, state=state, exit_code=code)


def _state(error: ClosedloopError) -> str:
    if isinstance(error, (GuardError, StoppedError)):
        return "stopped"
    return "partly_failed" if isinstance(error, PartlyFailedError) else "failed"
