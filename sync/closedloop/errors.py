"""Errors, grouped by what the reader must do.

    ClosedloopError
    ├── PartlyFailedError   1  some streams, rows or checks failed; the rest is done
    ├── ConfigError         2  the admin must change something: YAML, credential, database, object, permission
    ├── GuardError          3  a guard stopped the run before its first write
    └── UnreachableError    4  a system cannot be reached, or its budget is spent: later may work
        └── BudgetError     4  a daily limit: not worth waiting for inside a run

Every error says where (connection, stream, record), what happened, what to do, and the vendor's own request id.
None may carry a secret or a person's data: messages are built from names, ids and counts.
"""

from __future__ import annotations


class ClosedloopError(Exception):
    """Something a person must know about.

    Args:
        message: What happened, in one sentence.
        where: The place the reader knows it by: ``connections.crm``, ``crm/event_event``, ``closedloop.yaml line 4``.
        fix: What the reader should do, in one sentence.
        request_id: The vendor's own id of the failed request, for their support.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, where: str | None = None, fix: str | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix
        self.request_id = request_id

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.request_id:
            text = f"{text} (request {self.request_id})"
        return f"{text}\n  fix: {self.fix}" if self.fix else text


class PartlyFailedError(ClosedloopError):
    """Some of the work failed; what was done is kept."""

    exit_code = 1


class ConfigError(ClosedloopError):
    """The admin must change the configuration, a credential, a permission or a name."""

    exit_code = 2


class GuardError(ClosedloopError):
    """A guard stopped the run before its first write."""

    exit_code = 3


class UnreachableError(ClosedloopError):
    """A system does not answer."""

    exit_code = 4


class BudgetError(UnreachableError):
    """A daily allowance is spent: the run stops cleanly and resumes later."""
