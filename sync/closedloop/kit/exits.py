"""How a tap's process ends: errors become an exit code, and what stops a run is the last line on stderr."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from singer_sdk.exceptions import ConfigValidationError

from closedloop.errors import ClosedloopError, ConfigError, PartlyFailedError
from closedloop.kit.redact import redact, valueless

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exits(name: str) -> Iterator[None]:
    """End the process with the exit code of what is raised; what stopped the whole run is said on stderr.

    Args:
        name: The tap's.
    """
    try:
        yield
    except (ClosedloopError, ConfigValidationError) as raised:
        error = explained(raised, name)
        if error.exit_code != PartlyFailedError.exit_code:
            _say_stopped(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # our reader is gone: nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PartlyFailedError.exit_code)


def explained(error: ClosedloopError | ConfigValidationError, name: str) -> ClosedloopError:
    """Return an error as its reader needs it: with the connection's own name, and no value of a setting.

    Args:
        error: As it was raised, by us or by the SDK.
        name: The tap's.
    """
    if isinstance(error, ClosedloopError):
        place, _, connection = (error.where or "").partition(".")
        if place == "connections" and connection and error.fix:
            error.fix = error.fix.replace("login CONNECTION", f"login {connection}")
        return error
    # A JSON Schema error may quote the value it refuses; only its last words say what is wrong.
    return ConfigError(
        "the settings are not valid: " + "; ".join(redact(valueless(text)) for text in error.errors),
        where=name,
        fix=f"{name} --about lists the settings",
    )


def _say_stopped(error: ClosedloopError) -> None:
    line = {
        "event": "tap.stopped",
        "message": redact(error.message),
        "fix": error.fix,
        "where": error.where,
        "exit_code": error.exit_code,
        "request_id": error.request_id,
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
