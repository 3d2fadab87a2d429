"""The analytical store: one DuckDB file with landed rows, bookmarks and models. It is a cache: it can be rebuilt."""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from closedloop.errors import ConfigError, UnreachableError
from closedloop.store.names import literal, raw_schema
from closedloop.store.upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: What DuckDB says of a file that was cut off or overwritten (tried on 1.5 with every kind of cut).
_DAMAGE = ("not a valid duckdb database", "could not read enough bytes", "corrupt", "checksum")


class DamagedError(ConfigError):
    """The file is no whole store any more."""


class InUseError(UnreachableError):
    """Another process has the store open."""


def is_damage(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that the file of the store is damaged."""
    while error is not None:
        if isinstance(error, duckdb.Error) and any(word in str(error).lower() for word in _DAMAGE):
            return True
        error = error.__cause__
    return False


def set_aside(path: Path, stamp: str) -> Path:
    """Give a damaged store another name, in place of the one set aside before, and return that name.

    Args:
        path: The store's file.
        stamp: Becomes part of the name.
    """
    for old in path.parent.glob(f"{path.name}.broken-*"):
        old.unlink()
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    return path.rename(path.with_name(f"{path.name}.broken-{stamp}"))


@dataclass(slots=True, kw_only=True)
class Store:
    """One open analytical store.

    Args:
        path: Where the file is.
        connection: The DuckDB connection of the thread that opened the store; other threads take a `cursor`.
        memory_limit: What DuckDB may use; none for its own limit.
        before_commit: Called before each commit; what it raises undoes the transaction.
    """

    path: Path
    connection: duckdb.DuckDBPyConnection
    memory_limit: str | None = None
    before_commit: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, path: Path | str, *, memory_limit: str | None = None) -> Self:
        """Open the store, and make what it needs.

        Args:
            path: The file; its folder is made.
            memory_limit: What DuckDB may use, as it writes it (``2GB``); none leaves DuckDB's own limit.

        Raises:
            InUseError: Another process has the store open.
            DamagedError: The file was cut off or overwritten.
            ConfigError: A newer closedloop or DuckDB wrote it, or its folder cannot be used.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path=path, connection=_connect(path), memory_limit=memory_limit)
        store._limit()
        try:
            upgrade(store.connection, path)
        except BaseException:
            store.close()
            raise
        if not store.query("select 1 from meta.store"):
            store.connection.execute("insert into meta.store values ($1)", [uuid.uuid4().hex])
        return store

    def close(self) -> None:
        """Close the file, so that another process can open it."""
        self.connection.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection for another thread: it sees what is committed."""
        cursor = self.connection.cursor()
        cursor.execute("set TimeZone = 'UTC'")
        return cursor

    @property
    def identity(self) -> str:
        """The id this file got when it was made: what was spooled for another store must not land in this one."""
        return str(self.query("select id from meta.store")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield the connection in a transaction: committed at the end, rolled back on an error."""
        self.connection.execute("begin transaction")
        try:
            yield self.connection
            self.before_commit()
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def reopen(self) -> None:
        """Open the file again, after it was closed to be replaced."""
        self.connection = _connect(self.path)
        self._limit()

    @contextmanager
    def modest(self, memory: str) -> Iterator[None]:
        """Hold DuckDB to ``memory`` (``300MB``) and one thread meanwhile: for many small statements.

        On small statements a second thread costs more than it brings: it spins while it waits.
        """
        wanted = {"memory_limit": memory, "threads": "1", "checkpoint_threshold": "256MB"}
        for name, value in wanted.items():
            self.connection.execute(f"set {name} = {literal(value)}")
        try:
            yield
        finally:
            for name in wanted:  # not to what was printed before: it is rounded, and would shrink each time
                self.connection.execute(f"reset {name}")
            # DuckDB 1.5 prints its own limit again after the reset, but a large query is still held to the old one.
            [(own,)] = self.connection.execute("select current_setting('memory_limit')").fetchall()
            self.connection.execute(f"set memory_limit = {literal(own)}")
            self._limit()

    @contextmanager
    def loose(self) -> Iterator[None]:
        """Write tables as they are and as the rows come meanwhile.

        To compress what the next run makes anew takes a third of its time; to keep the rows of a join or a union in order,
        one thread writes them alone; so does one at a checkpoint, which every few small tables would bring about.
        """
        self.connection.execute("pragma force_compression = 'uncompressed'")
        self.connection.execute("set preserve_insertion_order = false")
        self.connection.execute("set checkpoint_threshold = '1GB'")
        try:
            yield
        finally:
            self.connection.execute("reset checkpoint_threshold")
            self.connection.execute("reset preserve_insertion_order")
            self.connection.execute("pragma force_compression = 'auto'")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield an empty folder on the store's own volume, gone afterwards; what a killed writer left is gone before."""
        folder = self.path.with_name(f"{self.path.name}.scratch")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _limit(self) -> None:
        if self.memory_limit:
            self.connection.execute(f"set memory_limit = {literal(self.memory_limit)}")

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of ``sql``, its ``?`` or ``$1`` bound to ``params``."""
        return self.connection.execute(sql, list(params)).fetchall()

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return the columns of a table or view with their DuckDB types, in order; empty if there is none."""
        rows = self.query(
            "select column_name, data_type from duckdb_columns()"
            " where database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        )
        return {str(name): str(kind) for name, kind in rows}

    def streams(self, connection: str) -> list[str]:
        """Return the streams that have landed for ``connection``, sorted."""
        rows = self.query(
            "select table_name from duckdb_tables()"
            " where database_name = current_database() and schema_name = ? order by 1",
            [raw_schema(connection)],
        )
        return [str(row[0]) for row in rows]


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path), config={"autoinstall_known_extensions": "false"})
    except duckdb.Error as error:
        if "could not set lock" in str(error).lower():
            raise InUseError(
                "the analytical store is open in another process",
                where=str(path),
                fix="only one process can open it, a run or a verb that looks at figures: try again when it has ended"
                " (`closedloop status` shows a run; one that was killed has let it go)",
            ) from error
        if is_damage(error):
            raise DamagedError(
                "the analytical store is damaged",
                where=str(path),
                fix="run `closedloop sync`: it sets the file aside and reads everything again; nothing precious is in it",
            ) from error
        raise _unreadable(path) from error
    connection.execute("set TimeZone = 'UTC'")
    # Its own bar for each long statement would run through ours, and into logs.
    connection.execute("set enable_progress_bar = false")
    return connection


def _unreadable(path: Path) -> ConfigError:
    return ConfigError(
        "the analytical store cannot be read",
        where=str(path),
        fix="check the folder's permissions and space; the file is a cache: move it away and the next sync rebuilds it",
    )
