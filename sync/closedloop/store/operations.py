"""The operational database: runs, decisions, journal, quarantine, leases. It is precious."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, select, update
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

from closedloop.errors import ClosedloopError
from closedloop.store import connect, lease, tables
from closedloop.store.migrations import is_newest, migrate
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from closedloop.clock import Clock

#: Our own mistakes, not the database's condition.
_OURS = (IntegrityError, DataError, ProgrammingError)
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(slots=True)
class Fence:
    """The lease that every write rests on while there is one.

    Args:
        holder: Who must hold the writer's lease; none: nobody asks.
    """

    holder: str | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Operations:
    """One operational database.

    Args:
        engine: The SQLAlchemy engine; others use `closedloop.store.tables` through `transaction`.
        where: How a person knows it.
        fence: The lease that writes rest on.
    """

    engine: Engine
    where: str = "operations"
    fence: Fence = field(default_factory=Fence)

    @classmethod
    def open(cls, target: str | Path) -> Self:
        """Open, create or migrate the database.

        Args:
            target: A path (SQLite) or a SQLAlchemy URL.

        Raises:
            ConfigError: The URL is none, the file is no database, or a newer closedloop wrote it.
            UnreachableError: The database does not answer, or its folder cannot be written.
        """
        operations = cls(engine=connect.engine_of(target), where=connect.place(target))
        with operations.reading() as connection:
            is_ready = is_newest(connection)
        if not is_ready:
            with operations.transaction() as connection:
                migrate(connection)
        return operations

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def transaction(self, *, fenced: bool = True) -> Iterator[Connection]:
        """Yield a connection in a writing transaction: committed at the end, rolled back on an error.

        Args:
            fenced: While this process writes under a lease, the lease is looked at as the last thing before the
                commit, in the same transaction: who lost it, however long it was asleep, changes nothing.

        Raises:
            LeaseLostError: The lease is another's by now; nothing was changed.
            UnreachableError: The database does not answer, is full or cannot be written.
        """
        with (
            self._explained(),
            self.engine.connect().execution_options(closedloop_writes=True) as connection,
            connection.begin(),
            connect.droppable(connection),
        ):
            yield connection
            if fenced and self.fence.holder:
                lease.insist(connection, self.fence.holder)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database and waits for no writer.

        Raises:
            UnreachableError: The database does not answer.
        """
        with (
            self._explained(),
            self.engine.connect() as connection,
            connection.begin(),
            connect.droppable(connection),
        ):
            yield connection

    def insist_lease(self) -> None:
        """Do nothing if this process may write: called before what no transaction of this database protects.

        Raises:
            LeaseLostError: It may not any more.
        """
        if self.fence.holder:
            with self.reading() as connection:
                lease.insist(connection, self.fence.holder)

    def rewrite(self) -> None:
        """Give back the space of what was deleted or changed, so that it is in no page of the database any more."""
        with (
            self._explained(),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            if self.engine.dialect.name == "postgresql":
                for table in tables.metadata.sorted_tables:
                    # The server keeps samples of values to plan queries with: they are taken anew.
                    connection.exec_driver_sql(f'vacuum (full, analyze) "{table.name}"')
                return
            raw = connection.connection.driver_connection
            if raw is not None:
                for statement in ("vacuum", "pragma wal_checkpoint(truncate)"):
                    raw.execute(statement).close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if isinstance(error, _OURS):
                raise
            raise connect.explained(error, self.where) from error

    def begin_run(self, kind: str, clock: Clock, detail: Mapping[str, Any] | None = None) -> str:
        """Record that a command began and return its id. Ids sort in the order in which runs began, whatever clocks do.

        Args:
            kind: ``sync``, ``reconcile``, ``plan``, ``apply``, ``revert`` or ``run``.
            clock: Tells when.
            detail: What is known of it already, should it never end.
        """
        now = clock.now()
        with self.transaction() as connection:
            last = connection.execute(select(func.max(tables.run.c.id))).scalar()
            run_id = f"{_stamp(now, last):{_STAMP}}-{secrets.token_hex(3)}"
            values = {
                "id": run_id,
                "kind": kind,
                "started_at": to_text(now),
                "state": "running",
                "detail": json.dumps(detail or {}, sort_keys=True, default=str),
            }
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
        also: Callable[[Connection], None] | None = None,
    ) -> None:
        """Record how a command ended.

        Args:
            run_id: What `begin_run` returned.
            state: ``done``, ``partly_failed``, ``failed`` or ``stopped``.
            exit_code: What the command exits with.
            clock: Tells when.
            detail: What the command wants to remember; becomes JSON.
            also: Done in the same transaction.

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
            if also is not None:
                also(connection)

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


def _stamp(now: datetime, last: str | None) -> datetime:
    """Return the second that a run's id names: now, or later if the newest run is of this second or of the future."""
    now = now.astimezone(UTC).replace(microsecond=0)
    if last is None:
        return now
    after = datetime.strptime(last.partition("-")[0], _STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)
    return max(now, after)
