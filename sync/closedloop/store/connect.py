"""How the operational database is reached: a SQLite file or a PostgreSQL server, and what it means when it fails."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from closedloop.errors import ClosedloopError, ConfigError, UnreachableError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import DBAPIError

#: How long a writer waits for another one, in milliseconds.
_BUSY_MS = 30_000
#: A process that stands still, or whose network is gone, must not keep others from taking over: the server ends its
#: open transaction after so many milliseconds, and gives up a connection nobody answers on (libpq's and the server's
#: keep-alives, in seconds).
_SERVER_OPTIONS = (
    "timezone=UTC",
    "idle_in_transaction_session_timeout=20000",
    "lock_timeout=10000",
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=2",
)
_CLIENT_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
    "application_name": "closedloop",
}
#: What SQLite's words mean for who must act.
_SQLITE = {
    "disk is full": "free space on the volume; what was acknowledged is kept, and the next run goes on from there",
    "readonly": "mount the volume so that it can be written, and give the folder to the user that runs closedloop",
    "unable to open": "check that the folder exists, has space, and is mounted so that it can be written",
    "disk i/o error": "check the volume: it may be full, unmounted or broken",
    "locked": "another process keeps the database busy; `closedloop status` shows who writes",
}


def engine_of(target: str | Path) -> Engine:
    """Return the engine for a path (SQLite) or a SQLAlchemy URL.

    Raises:
        ConfigError: The URL is none, or its driver is not installed.
    """
    if isinstance(target, Path) or "://" not in target:
        target = f"sqlite:///{target}"
    try:
        url = make_url(target)
        if not url.drivername.startswith("sqlite"):
            return _server(url)
    except (ArgumentError, ImportError) as error:
        msg = f"the database address cannot be used: {type(error).__name__}"
        raise ConfigError(
            msg,
            where="database",
            fix="write postgresql://user@host/name and install closedloop[postgres], or leave `database` out to use SQLite",
        ) from error
    # A file needs no pool, and a connection per transaction is safe from any thread.
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def place(target: str | Path) -> str:
    """Return how a person knows the database: its path, or its URL without the password."""
    text = str(target)
    return make_url(text).render_as_string(hide_password=True) if "://" in text else text


def explained(error: DBAPIError, where: str) -> ClosedloopError:
    """Return what a failed statement means for a person."""
    said = " ".join(str(error.orig).split())
    if not isinstance(error, OperationalError):
        return ConfigError(
            f"this is not an operational database of closedloop: {said}",
            where=where,
            fix="move the file away or restore a backup; it holds decisions and the write-back journal",
        )
    fixes = (fix for words, fix in _SQLITE.items() if words in said.lower())
    return UnreachableError(
        f"the operational database cannot be used: {said}",
        where=where,
        fix=next(
            fixes, "check that the folder exists, can be written and has space, or that the server is up"
        ),
    )


@contextmanager
def droppable(connection: Connection) -> Iterator[None]:
    """Give the server's connection up where a signal's handler raises in the middle of a statement.

    It takes no other statement then, so that the rollback would fail, and hide what was raised: that the lease is lost,
    or that the process is to end. The server rolls back what it was told on a connection that is gone.
    """
    try:
        yield
    except BaseException:
        if _is_busy(connection):
            connection.invalidate()
        raise


def _is_busy(connection: Connection) -> bool:
    if connection.closed or connection.invalidated or connection.dialect.name != "postgresql":
        return False
    from psycopg.pq import TransactionStatus

    raw: Any = connection.connection.driver_connection
    return bool(raw is not None and raw.info.transaction_status is TransactionStatus.ACTIVE)


def _server(url: URL) -> Engine:
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    options = " ".join(f"-c {option}" for option in _SERVER_OPTIONS)
    engine = create_engine(url, pool_pre_ping=True, connect_args={**_CLIENT_OPTIONS, "options": options})
    event.listen(engine, "begin", _one_state)
    return engine


def _prepare(raw: sqlite3.Connection, _record: object) -> None:
    # The driver's own idea of when a transaction begins leaves DDL outside of it; `_begin` says it plainly.
    raw.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _one_state(connection: Connection) -> None:
    if not _writes(connection):
        connection.exec_driver_sql("set transaction isolation level repeatable read read only")


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("closedloop_writes"))
