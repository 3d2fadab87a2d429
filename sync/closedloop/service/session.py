"""What every verb opens: settings, clock, operational database, and for a while the store."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.kit.redact import redactor
from closedloop.service import rename
from closedloop.service.lease import writing
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.clock import Clock
    from closedloop.settings import Settings


@dataclass(slots=True, kw_only=True, frozen=True)
class Session:
    """One company's configuration with its operational database.

    Args:
        settings: The file, validated.
        operations: Open as long as the session.
        clock: What time it is.
    """

    settings: Settings
    operations: Operations
    clock: Clock

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the analytical store meanwhile: no other process can, so hold it briefly."""
        store = Store.open(self.settings.home / "store.duckdb")
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def writer(self, *, is_rename: bool = False) -> Iterator[Store]:
        """Be the only writer meanwhile, with the store open.

        Args:
            is_rename: It is to rename a connection: only that may go on while a rename is unfinished.

        Raises:
            ConfigError: A rename of a connection is unfinished.
        """
        if not is_rename:
            rename.check_finished(self.settings)
        seconds = self.settings.service.lease_seconds
        with writing(self.operations, self.clock, seconds), self.store() as store:
            self.operations.close_dead_runs(self.clock)
            store.before_commit = self.operations.insist_lease
            yield store


@contextmanager
def session(settings: Settings, clock: Clock) -> Iterator[Session]:
    """Open the operational database of ``settings``; make its home if there is none.

    Raises:
        ConfigError: The database cannot be used.
        UnreachableError: It does not answer.
    """
    for connection in settings.connections.values():
        redactor.add(*_texts(connection.settings))
    for hook in settings.notify.webhooks:
        redactor.add(hook.secret, hook.url)
    if settings.notify.email:
        redactor.add(settings.notify.email.password)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    operations = Operations.open(settings.database or settings.home / "operations.db")
    try:
        yield Session(settings=settings, operations=operations, clock=clock)
    finally:
        operations.close()


def _texts(values: dict[str, object]) -> list[object]:
    """Return the values whose name says secret."""
    return [
        value
        for name, value in values.items()
        if any(word in name for word in ("key", "password", "secret", "token"))
    ]
