"""A backup: every table of the operational database in one archive that any database can take back, and the drill.

The archive is a zip file with a line of JSON for each row, so that what was kept in SQLite can be restored into Postgres. It
has no lease, no token and no figure: a lease is of the moment, a rotated token of yesterday is refused by its vendor, and
figures are made anew.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import LargeBinary, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.store import tables
from closedloop.store.migrations import newest, version
from closedloop.store.operations import Operations
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from closedloop.clock import Clock

_FORMAT = 1
_MANIFEST = "manifest.json"
#: Rows of one statement.
_BATCH = 500
_FORGOTTEN = (tables.forgotten, tables.forgotten_mark)
_KEPT = tuple(table for table in tables.metadata.sorted_tables if table.name != tables.lease.name)


class BackupError(ClosedloopError):
    """An archive that cannot be trusted."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds.

    Args:
        format: Version of the archive's layout.
        closedloop: Which closedloop wrote it.
        version: Version of the operational database.
        at: When, in UTC.
        rows: Table → rows.
        digests: Member → SHA-256.
    """

    format: int
    closedloop: str
    version: int
    at: str
    rows: dict[str, int]
    digests: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A written archive that was read back.

    Args:
        path: The file.
        manifest: What it holds.
        bytes: Its size.
    """

    path: Path
    manifest: Manifest
    bytes: int


def write(operations: Operations, files: Mapping[str, Path], target: Path, clock: Clock) -> Backup:
    """Write an archive of one state of the database, restore it into a scratch database, and only then name it.

    Args:
        operations: What to keep; others may go on writing.
        files: Name in the archive → small file to keep beside the tables.
        target: The file to make; one that is there is replaced whole.
        clock: Tells when.

    Raises:
        BackupError: What was written does not come back the same.
        ConfigError: The folder cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(target.parent)
        with _private(part) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = _fill(archive, operations, files, clock)
            file.flush()
            os.fsync(file.fileno())
            failpoint("backup.written")
            drill(part, target.parent / f".{target.name}.drill")
            part.replace(target)
        _sync(target.parent)
    except OSError as error:
        msg = f"the backup cannot be written: {error.strerror}"
        raise ConfigError(
            msg, where=str(target), fix="name a folder that can be written and has space"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return Backup(path=target, manifest=manifest, bytes=target.stat().st_size)


def read(path: Path) -> Manifest:
    """Return what an archive holds, after checking every byte of it.

    Raises:
        BackupError: It is damaged, or a newer closedloop wrote it.
        ConfigError: There is no such file, or it is no backup.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
            for name, digest in manifest.digests.items():
                if _digest(archive, name) != digest:
                    raise _damaged(path, name)
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no such file", where=str(path), fix="name a file that `backup` wrote"
        ) from error
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError, OSError, EOFError) as error:
        msg = "this is no backup of closedloop, or it is cut off"
        raise BackupError(msg, where=str(path), fix="take another one") from error
    if manifest.format > _FORMAT or manifest.version > newest():
        msg = f"closedloop {manifest.closedloop} wrote this backup, which is newer"
        raise BackupError(msg, where=str(path), fix="restore it with that version or a later one")
    return manifest


def restore(
    path: Path,
    operations: Operations,
    files: Mapping[str, Path],
    *,
    replace: bool = False,
    also: Callable[[Connection], object] = lambda _connection: None,
) -> Manifest:
    """Put an archive into a database in one transaction: killed in between, the database is as it was.

    Args:
        path: The archive.
        operations: Where it goes; the caller is the only writer.
        files: Name in the archive → where the file goes.
        replace: Remove what is there first, but who was forgotten: they stay forgotten.
        also: Done in the same transaction, when everything is in its place.

    Raises:
        BackupError: The archive is damaged or newer.
        ConfigError: The database holds something already.
    """
    manifest = read(path)
    with zipfile.ZipFile(path) as archive, operations.transaction() as connection:
        forgotten = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()] for table in _FORGOTTEN
        }
        if replace:
            for table in reversed(_KEPT):
                connection.execute(table.delete())
        elif held := [
            table.name
            for table in _KEPT
            if connection.execute(select(func.count()).select_from(table)).scalar()
        ]:
            msg = f"the database holds rows already: {', '.join(held)}"
            raise ConfigError(
                msg,
                where="restore",
                fix="restore into an empty one, or say --replace: what is there is backed up first",
            )
        for table in _KEPT:
            _insert(connection, archive, table, path)
        for table, rows in forgotten.items():
            _insert_missing(connection, table, rows)
        also(connection)
        _number_on(connection)
        for name, place in files.items():
            if f"files/{name}" in manifest.digests:
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                place.write_bytes(archive.read(f"files/{name}"))
        failpoint("restore.filled")
    return manifest


def drill(path: Path, scratch: Path) -> Manifest:
    """Restore an archive into a scratch database and compare it row by row with the archive.

    Raises:
        BackupError: It does not come back the same.
    """
    scratch.unlink(missing_ok=True)
    operations = Operations.open(scratch)
    try:
        manifest = restore(path, operations, {})
        with operations.reading() as connection:
            for table in _KEPT:
                lines = hashlib.sha256()
                for row in _rows(connection, table):
                    lines.update(row)
                if lines.hexdigest() != manifest.digests.get(_member(table), lines.hexdigest()):
                    raise _damaged(path, table.name)
    finally:
        operations.close()
        for file in scratch.parent.glob(f"{scratch.name}*"):
            file.unlink()
    return manifest


def _fill(
    archive: zipfile.ZipFile, operations: Operations, files: Mapping[str, Path], clock: Clock
) -> Manifest:
    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    with _one_state(operations) as connection:
        found = version(connection)
        for table in _KEPT:
            digest, rows[table.name] = hashlib.sha256(), 0
            with archive.open(_member(table), "w", force_zip64=True) as member:
                for line in _rows(connection, table):
                    member.write(line)
                    digest.update(line)
                    rows[table.name] += 1
            digests[_member(table)] = digest.hexdigest()
    for name, path in files.items():
        if path.is_file():
            archive.writestr(f"files/{name}", content := path.read_bytes())
            digests[f"files/{name}"] = hashlib.sha256(content).hexdigest()
    manifest = Manifest(
        format=_FORMAT,
        closedloop=installed("closedloop"),
        version=found,
        at=to_text(clock.now()),
        rows=rows,
        digests=digests,
    )
    archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


@contextmanager
def _one_state(operations: Operations) -> Iterator[Connection]:
    level = {"isolation_level": "REPEATABLE READ"} if operations.engine.dialect.name == "postgresql" else {}
    with operations.engine.connect().execution_options(**level) as connection, connection.begin():
        yield connection


def _rows(connection: Connection, table: Table) -> Iterator[bytes]:
    """Yield the rows in the order of their keys, a line of JSON each."""
    found = connection.execution_options(stream_results=True).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    for row in found.mappings():
        values = {name: _out(value) for name, value in row.items() if value is not None}
        yield msgspec.json.encode(values, order="sorted") + b"\n"


def _out(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, (bytes, memoryview)) else value


def _insert(connection: Connection, archive: zipfile.ZipFile, table: Table, path: Path) -> None:
    if _member(table) not in archive.namelist():
        return  # an older closedloop did not have it
    binary = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
    names = {column.name for column in table.columns}
    batch: list[dict[str, Any]] = []
    with archive.open(_member(table)) as member:
        for line in member:
            row = msgspec.json.decode(line)
            row |= {name: base64.b64decode(row[name]) for name in binary if name in row}
            batch.append(dict.fromkeys(names) | row)
            if len(batch) == _BATCH:
                _put(connection, table, batch, path)
                batch = []
    if batch:
        _put(connection, table, batch, path)


def _insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    keys = table.primary_key.columns
    there = {tuple(row) for row in connection.execute(select(*keys))}
    new = [dict(row) for row in rows if tuple(row[key.name] for key in keys) not in there]
    if new:
        connection.execute(insert(table), new)


def _put(connection: Connection, table: Table, batch: list[dict[str, Any]], path: Path) -> None:
    try:
        connection.execute(insert(table), batch)
    except IntegrityError as error:
        raise _damaged(path, table.name) from error


def _number_on(connection: Connection) -> None:
    """Let Postgres go on counting after the numbers that were restored; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in _KEPT:
        for column in inspect(connection).get_columns(table.name):
            if "nextval" in str(column["default"]):
                name = column["name"]
                connection.execute(
                    text(
                        f"select setval(pg_get_serial_sequence('{table.name}', '{name}'),"
                        f" coalesce((select max({name}) from {table.name}), 0) + 1, false)"
                    )
                )


def _member(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while block := member.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _damaged(path: Path, what: str) -> BackupError:
    return BackupError(f"the backup is damaged at {what}", where=str(path), fix="take another one")


@contextmanager
def _private(path: Path) -> Iterator[Any]:
    """Open a new file that only its owner may read, locked while it is open: `_clear` leaves it alone."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _clear(folder: Path) -> None:
    """Remove what a killed backup left behind: it holds decisions, and nobody would ever look for it."""
    for part in folder.glob(".*.zip.part"):
        with part.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # another backup is being written
            for left in (part, *folder.glob(f"{part.name.removesuffix('.part')}.drill*")):
                left.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
