"""The operational database: runs, decisions, journal, quarantine, leases. It is precious."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import create_engine, event, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from closedloop.errors import ClosedloopError, ConfigError, UnreachableError
from closedloop.store import tables
from closedloop.store.migrations import migrate
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Engine

    from closedloop.clock import Clock

#: How long a writer waits for another one, in milliseconds.
_BUSY_MS = 30_000


@dataclass(slots=True, kw_only=True, frozen=True)
class Operations:
    """One operational database.

    Args:
        engine: The SQLAlchemy engine; others use `closedloop.store.tables` through `transaction`.
    """

    engine: Engine

    @classmethod
    def open(cls, target: str | Path) -> Self:
        """Open, create or migrate the database.

        Args:
            target: A path (SQLite) or a SQLAlchemy URL.

        Raises:
            ConfigError: The URL is none, the file is no database, or a newer closedloop wrote it.
            UnreachableError: The database does not answer, or its folder cannot be written.
        """
        operations = cls(engine=_engine(target))
        try:
            with operations.transaction() as connection:
                migrate(connection)
        except OperationalError as error:
            msg = f"the operational database cannot be opened: {error.orig}"
            raise UnreachableError(
                msg,
                where=_place(target),
                fix="check that the folder exists, can be written and has space, or that the server is up",
            ) from error
        except DatabaseError as error:
            msg = f"this is not an operational database of closedloop: {error.orig}"
            raise ConfigError(
                msg,
                where=_place(target),
                fix="move the file away or restore a backup; it holds decisions and the write-back journal",
            ) from error
        return operations

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection in a writing transaction: committed at the end, rolled back on an error."""
        with (
            self.engine.connect().execution_options(closedloop_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database and waits for no writer."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def begin_run(self, kind: str, clock: Clock, detail: Mapping[str, Any] | None = None) -> str:
        """Record that a command began and return its id, which sorts by time.

        Args:
            kind: ``sync``, ``reconcile``, ``plan``, ``apply``, ``revert`` or ``run``.
            clock: Tells when.
            detail: What is known of it already, should it never end.
        """
        now = clock.now()
        run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        values = {"id": run_id, "kind": kind, "started_at": to_text(now), "state": "running"}
        values["detail"] = json.dumps(detail or {}, sort_keys=True, default=str)
        with self.transaction() as connection:
            connection.execute(tables.run.insert().values(values))
        return run_id

    def end_run(
        self,
        run_id: str,
        *,
        state: str,
        exit_code: int,
        clock: Clock,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Record how a command ended.

        Args:
            run_id: What `begin_run` returned.
            state: ``done``, ``partly_failed``, ``failed`` or ``stopped``.
            exit_code: What the command exits with.
            clock: Tells when.
            detail: What the command wants to remember; becomes JSON.

        Raises:
            ClosedloopError: There is no such run.
        """
        values = {"ended_at": to_text(clock.now()), "state": state, "exit_code": exit_code}
        if detail is not None:
            values["detail"] = json.dumps(detail, sort_keys=True, default=str)
        with self.transaction() as connection:
            found = connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(values))
            if not found.rowcount:
                msg = f"there is no run {run_id}"
                raise ClosedloopError(msg, where="operations")

    def close_dead_runs(self, clock: Clock, *, but: str | None = None) -> list[str]:
        """Mark runs that a killed process left as running, and return their ids.

        Only the holder of the writer's lease may call this: it knows that nobody else works.

        Args:
            clock: Tells when.
            but: The caller's own run.
        """
        run = tables.run
        dead = (run.c.state == "running") & (run.c.id != (but or ""))
        with self.transaction() as connection:
            ids = [row.id for row in connection.execute(run.select().where(dead).order_by(run.c.id))]
            connection.execute(update(run).where(dead).values(state="died", ended_at=to_text(clock.now())))
        return ids


def _engine(target: str | Path) -> Engine:
    if isinstance(target, Path) or "://" not in target:
        target = f"sqlite:///{target}"
    try:
        url = make_url(target)
        if not url.drivername.startswith("sqlite"):
            return create_engine(url, pool_pre_ping=True)
    except (ArgumentError, ImportError) as error:
        msg = f"the database address cannot be used: {type(error).__name__}"
        raise ConfigError(
            msg,
            where="database",
            fix="write a SQLAlchemy URL and install its driver, or leave `database` out to use SQLite",
        ) from error
    # A file needs no pool, and a connection per transaction is safe from any thread.
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(raw: sqlite3.Connection, _record: object) -> None:
    # The driver's own idea of when a transaction begins leaves DDL outside of it; `_begin` says it plainly.
    raw.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("closedloop_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _place(target: str | Path) -> str:
    text = str(target)
    return make_url(text).render_as_string(hide_password=True) if "://" in text else text
