"""What every verb opens: settings, clock, operational database, and for a while the store."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from closedloop.errors import ConfigError, UnreachableError
from closedloop.kit.redact import redactor, vendor_text
from closedloop.log import get_logger
from closedloop.service import rename
from closedloop.service.lease import BusyError, writing
from closedloop.store.analytical import DamagedError, InUseError, Store, is_damage, set_aside
from closedloop.store.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from closedloop.clock import Clock
    from closedloop.settings import Settings

log = get_logger(__name__)

#: A volume that is full (also by quota), read-only or broken.
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


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
            BusyError: Another process writes, or has the store open.
            ConfigError: A rename of a connection is unfinished.
        """
        if not is_rename:
            rename.check_finished(self.settings)
        seconds = self.settings.service.lease_seconds
        with writing(self.operations, self.clock, seconds):
            self.operations.close_dead_runs(self.clock)
            with self._mended() as store:
                store.before_commit = self.operations.insist_lease
                yield store

    @contextmanager
    def _mended(self) -> Iterator[Store]:
        """Open the store meanwhile; one that is damaged is set aside, before it is used or when that shows.

        Raises:
            UnreachableError: The volume is full, read-only or broken, or the store turned out to be damaged; what was
                acknowledged is kept, and the next run goes on from there.
        """
        path = self.settings.home / "store.duckdb"
        try:
            store = Store.open(path)
        except DamagedError:
            self._set_aside(path)
            store = Store.open(path)
        except InUseError as error:  # somebody looks at figures: no failure, it is over in a moment
            raise BusyError(error.message, where=error.where, fix=error.fix) from error
        try:
            yield store
        except Exception as error:
            store.close()
            raise self._explained(error, path) from error
        finally:
            store.close()

    def _explained(self, error: Exception, path: Path) -> Exception:
        """Return what an error means for who runs this, if it is the volume's; else the error."""
        if is_damage(error):
            self._set_aside(path)
            return UnreachableError(
                "the analytical store is damaged and was set aside",
                where=str(path),
                fix="run it again: everything is read anew",
            )
        if not (isinstance(error, duckdb.IOException) or getattr(error, "errno", None) in _STORAGE):
            return error
        msg = f"the volume cannot be used: {vendor_text(error)}"
        return UnreachableError(
            msg,
            where=str(self.settings.home),
            fix="check its free space and that it is mounted writable; nothing that was acknowledged is lost, and the next"
            " run goes on from there",
        )

    def _set_aside(self, path: Path) -> None:
        aside = set_aside(path, f"{self.clock.now():%Y%m%dT%H%M%SZ}")
        log.error("store.set_aside", file=aside.name, fix="everything is read again; delete it when you like")


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
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        message = f"the folder cannot be made: {error.strerror}"
        raise ConfigError(
            message,
            where=str(settings.home),
            fix="mount a volume there that this user may write, or set `home`",
        ) from error
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
