"""Lands a sealed segment: its rows, the tap's state and the segment's number in one transaction.

A segment lands if its number is not in the load log, and the log is written with the rows: killed anywhere, the
store has all of it or nothing, and a second try does what is missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import msgspec

from closedloop.extract import quarantine
from closedloop.extract.intake import MAX_LINE, digest
from closedloop.extract.spool import Files, Manifest, Refusal, Spool, write_durably
from closedloop.forget.rows import Stream
from closedloop.kit.failpoint import failpoint
from closedloop.store import bookmarks
from closedloop.store.names import literal, quote, raw_schema, relation
from closedloop.store.raw import ensure_table
from closedloop.store.stamps import from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from closedloop.extract.schema import StreamSchema
    from closedloop.forget.rows import Cleaner
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

_REFUSED = "refused.json"
_REPAIRED = "repaired.json"
_KEPT = 20_000
#: The Singer name for a row's deletion: what carries it is a tombstone.
_TOMBSTONE = "_sdc_deleted_at"


class _UnreadableError(Exception):
    """A part holds lines that are no JSON object: the transaction is lost, the segment must be repaired first."""


@dataclass(slots=True, kw_only=True)
class Landing:
    """Lands the segments of one connection.

    Args:
        store: Where rows land.
        operations: Where refused records are kept.
        spool: The segments' home.
        connection: The connection's name.
        cleaner: Takes out forgotten people before anything lands; none: nobody was forgotten.
        refused: Records refused so far by stream.
    """

    store: Store
    operations: Operations
    spool: Spool
    connection: str
    cleaner: Cleaner | None = None
    refused: Counter[str] = field(default_factory=Counter)

    def recover(self) -> None:
        """Finish what a killed process left: drop what was not sealed, land what was."""
        self.spool.clean()
        for folder, manifest in self.spool.sealed():
            self.apply(folder, manifest)
        self.refused.clear()

    def apply(self, folder: Path, manifest: Manifest) -> None:
        """Land one sealed segment and remove it.

        Args:
            folder: Where it is.
            manifest: What it says of itself.
        """
        if not bookmarks.is_applied(self.store, self.connection, manifest.number):
            try:
                self._commit(folder, manifest, _noted(folder))
            except _UnreadableError:
                self._commit(folder, manifest, _repair(folder, manifest))
            failpoint("extract.committed")
        found = msgspec.json.decode((folder / _REFUSED).read_bytes(), type=list[Refusal])
        refusals = [self._forgotten(one) for one in (*manifest.refused, *found)]
        quarantine.keep(self.operations, self.connection, refusals, manifest.sealed_at)
        self._resolve(manifest, refusals)
        failpoint("extract.quarantined")
        self.refused.update(refusal.stream for refusal in found)
        self.spool.remove(folder)
        failpoint("extract.removed")

    def _forgotten(self, refusal: Refusal) -> Refusal:
        """Return a refusal that tells nothing of a forgotten person: it is quarantined."""
        if not self.cleaner or not (
            token := self.cleaner.refused(refusal.stream, refusal.key, refusal.record)
        ):
            return refusal
        return Refusal(
            stream=refusal.stream, key=refusal.key, reason=f"a record of Forgotten {token}", record="{}"
        )

    def _commit(self, folder: Path, manifest: Manifest, refusals: list[Refusal]) -> None:
        with self.store.transaction():
            refusals = refusals + self._land(folder, manifest)
            # The rows will be gone from the temporary table: remember now what a second try could not find.
            write_durably(folder / _REFUSED, msgspec.json.encode(refusals))
            failpoint("extract.before_commit")

    def _land(self, folder: Path, manifest: Manifest) -> list[Refusal]:
        """Apply everything; the caller owns the transaction."""
        at = from_text(manifest.sealed_at)
        # Every change of a table comes before the first row: a table altered after rows cannot take more of them.
        types = [self._prepare(files.schema) for files in manifest.files]
        refusals: list[Refusal] = []
        for files, kinds in zip(manifest.files, types, strict=True):
            kinds = {**kinds, **types[_last(manifest.files, files.schema.stream)]}  # noqa: PLW2901
            refusals += self._rows(folder, files, kinds, manifest.number, at)
        for stream, version in manifest.versions.items():
            self._activate(stream, version, manifest.first, at)
        if manifest.state is not None:
            bookmarks.write_state(self.store, self.connection, manifest.state)
        bookmarks.log_segment(self.store, self.connection, manifest.number, at)
        return refusals

    def _prepare(self, schema: StreamSchema) -> dict[str, str]:
        declared = {column.name: column.type for column in schema.columns}
        kinds = ensure_table(self.store, self.connection, schema.stream, declared)
        bookmarks.write_stream(self.store, self.connection, schema.stream, schema.keys, schema.cursor)
        bookmarks.write_shape(self.store, self.connection, schema.stream, declared)
        return kinds

    def _rows(
        self, folder: Path, files: Files, kinds: Mapping[str, str], number: int, at: datetime
    ) -> list[Refusal]:
        table = relation(raw_schema(self.connection), files.schema.stream)
        refusals: list[Refusal] = []
        if files.mode == "replace":
            self.store.query(f"delete from {table}")
        for part in files.parts:
            path = self._cleaned(folder / part, files.schema)
            self._stage(path, files.schema, kinds)
            refusals += self._bad(path, files.schema)
            self._merge(table, files, number, at)
            failpoint("extract.part_landed")
        return refusals

    def _cleaned(self, path: Path, schema: StreamSchema) -> Path:
        """Return a part without the people who were forgotten: itself, unless there are some."""
        if not self.cleaner or not self.cleaner.marks:
            return path
        stream = Stream(
            connection=self.connection,
            name=schema.stream,
            keys=schema.keys,
            types={column.name: column.type for column in schema.columns},
            shape=self.cleaner.shape(schema.stream),
        )
        clean = path.with_suffix(".forgotten")
        with path.open("rb") as source, clean.open("wb") as target:
            for line in source:
                target.write(self._line(stream, line))
        return clean

    def _line(self, stream: Stream, line: bytes) -> bytes:
        try:
            record = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeError):
            return line  # no record: it is taken out, and quarantined, by whoever stages it
        changes = self.cleaner.changes(stream, record) if self.cleaner else {}
        return msgspec.json.encode(record | changes) + b"\n" if changes else line

    def _stage(self, path: Path, schema: StreamSchema, kinds: Mapping[str, str]) -> None:
        """Read a part as text, cast it, and name what cannot be cast."""
        kinds = {name.lower(): kind for name, kind in kinds.items()}
        casts, faults, spec = [], [], []
        for column in schema.columns:
            kind, name = kinds[column.name.lower()], quote(column.name)
            is_text = kind in ("VARCHAR", "JSON")
            spec.append(f"{literal(column.name)}: {literal(kind if is_text else 'VARCHAR')}")
            casts.append(name if is_text else f"try_cast({name} as {kind}) as {name}")
            if not is_text:
                faults.append(_fault(name, kind, literal(f"{column.source} is no {_SPOKEN[kind]}")))
            if column.name in schema.keys:
                reason = literal(f"the record has no {column.source}, which is its key")
                faults.append(f"case when {name} is null then {reason} end")
        fault = f"nullif(concat_ws('; ', {', '.join(faults)}), '')" if faults else "null"
        statement = (
            f"create or replace temp table staged as select {', '.join(casts)}, {fault}::varchar as _fault"
            f" from read_json({literal(str(path))}, format = 'newline_delimited', records = true,"
            f" auto_detect = false, columns = {{{', '.join(spec)}}}, maximum_object_size = {2 * MAX_LINE},"
            " compression = 'uncompressed')"
        )
        try:
            self.store.query(statement)
        except (duckdb.DataError, duckdb.ProgrammingError) as error:
            raise _UnreadableError from error

    def _bad(self, path: Path, schema: StreamSchema) -> list[Refusal]:
        # In the transaction that made the table its row ids do not begin at 0, but they follow each other.
        rows = self.store.query(
            "select rowid - (select min(rowid) from staged), _fault from staged where _fault is not null"
        )
        faults = dict(rows)
        if not faults:
            return []
        with path.open("rb") as file:
            return [
                _refusal(schema, line, faults[number]) for number, line in enumerate(file) if number in faults
            ]

    def _merge(self, table: str, files: Files, number: int, at: datetime) -> None:
        """Put the staged rows in the place of those they replace; of one key, the last one wins."""
        names = [column.name for column in files.schema.columns]
        if _TOMBSTONE not in names or files.mode != "upsert":
            self._replace(table, files, number, at)
            return
        same = " and ".join(f"one.{quote(key)} = other.{quote(key)}" for key in files.schema.keys)
        self.store.query(  # a row that came back later in the same part lives
            f"delete from staged as one using staged as other where one.{_TOMBSTONE} is not null"
            f" and other.{_TOMBSTONE} is null and other._fault is null and {same} and other.rowid > one.rowid"
        )
        self._replace(table, files, number, at, only=f"staged.{_TOMBSTONE} is null")
        # A deletion takes nothing away that was a fact: what the tombstone leaves out is filled with what was held.
        filled = (quote(name) for name in names if name not in files.schema.keys)
        sets = ", ".join(f"{name} = coalesce(one.{name}, other.{name})" for name in filled)
        self.store.query(
            f"update staged as one set {sets} from {table} as other where one.{_TOMBSTONE} is not null and {same}"
        )
        self._replace(table, files, number, at, only=f"staged.{_TOMBSTONE} is not null")

    def _replace(
        self, table: str, files: Files, number: int, at: datetime, *, only: str | None = None
    ) -> None:
        names = [quote(column.name) for column in files.schema.columns]
        identity = [quote(name) for name in files.schema.keys] or names
        good = "staged._fault is null" + (f" and {only}" if only else "")
        if files.mode in ("upsert", "append"):
            same = " and ".join(f"held.{name} is not distinct from staged.{name}" for name in identity)
            if files.mode == "upsert":
                same = same.replace(" is not distinct from ", " = ")
            self.store.query(f"delete from {table} as held using staged where {good} and {same}")
            good += (
                f" and rowid in (select max(rowid) from staged where {good} group by {', '.join(identity)})"
            )
        gone = "null"
        if quote(_TOMBSTONE) in names:
            gone = f"case when {_TOMBSTONE} is not null then coalesce(try_cast({_TOMBSTONE} as timestamptz), ?) end"
        self.store.query(
            f"insert into {table} ({', '.join(names)}, _deleted_at, _loaded_at, _segment)"
            f" select {', '.join(names)}, {gone}, ?, ? from staged where {good} order by rowid",
            [*([at] if "?" in gone else []), at, number],
        )

    def _activate(self, stream: str, version: int, first: int, at: datetime) -> None:
        """Mark the rows that a whole reading of the table no longer had."""
        if bookmarks.swap_version(self.store, self.connection, stream, version):
            table = relation(raw_schema(self.connection), stream)
            self.store.query(
                f"update {table} set _deleted_at = ? where _segment < ? and _deleted_at is null", [at, first]
            )

    def _resolve(self, manifest: Manifest, refusals: Iterable[Refusal]) -> None:
        again = {(refusal.stream, quarantine.short(refusal.key)) for refusal in refusals}
        for schema in {files.schema.stream: files.schema for files in manifest.files}.values():
            waiting = quarantine.open_keys(self.operations, self.connection, schema.stream)
            keys = [key for key in waiting if (schema.stream, key) not in again]
            if keys and schema.keys:
                table = relation(raw_schema(self.connection), schema.stream)
                text = key_text(schema.keys)
                rows = self.store.query(
                    f"select {text} from {table} where _segment = ? and {text} in (select unnest(?::varchar[]))",
                    [manifest.number, keys],
                )
                landed = [str(row[0]) for row in rows]
                quarantine.resolve(
                    self.operations, self.connection, schema.stream, landed, manifest.sealed_at
                )


_SPOKEN = {
    "BIGINT": "whole number",
    "DOUBLE": "number",
    "BOOLEAN": "true or false",
    "DATE": "date",
    "TIMESTAMPTZ": "time",
}


def key_text(keys: Iterable[str]) -> str:
    """Return the SQL for a record's key as one text."""
    return f"concat_ws('/', {', '.join(f'{quote(key)}::varchar' for key in keys)})"


def _fault(name: str, kind: str, reason: str) -> str:
    wrong = f"try_cast({name} as {kind}) is null"
    if kind == "BIGINT":  # the cast rounds 1.6 to 2
        wrong = f"({wrong} or (contains({name}, '.') and not regexp_full_match({name}, '-?[0-9]+\\.0*')))"
    return f"case when {name} is not null and {wrong} then {reason} end"


def _last(files: tuple[Files, ...], stream: str) -> int:
    return max(index for index, one in enumerate(files) if one.schema.stream == stream)


def _refusal(schema: StreamSchema, line: bytes, reason: str) -> Refusal:
    return Refusal(
        stream=schema.stream,
        key=_key(schema, line) or digest(line),
        reason=reason,
        record=line[:_KEPT].decode("utf-8", "replace").rstrip("\n"),
    )


def _key(schema: StreamSchema, line: bytes) -> str | None:
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    values = [record.get(key) if isinstance(record, dict) else None for key in schema.keys]
    return "/".join(map(str, values)) if values and None not in values else None


def _repair(folder: Path, manifest: Manifest) -> list[Refusal]:
    """Take the lines that are no JSON object out of a segment and return them as refusals.

    A part is replaced in one step, and what was taken out of it is written down before: after a crash the next try
    finds either the bad lines or the note of them.
    """
    refusals = _noted(folder)
    for files in manifest.files:
        for part in files.parts:
            path = folder / part
            clean, bad = path.with_suffix(".clean"), []
            with path.open("rb") as source, clean.open("wb") as target:
                for line in source:
                    try:
                        record = msgspec.json.decode(line, type=dict[str, object])
                        target.write(msgspec.json.encode(record) + b"\n")
                    except (msgspec.DecodeError, UnicodeError):
                        bad.append(line)
            if bad:
                refusals += [_refusal(files.schema, line, "the record is no JSON object") for line in bad]
                write_durably(folder / _REPAIRED, msgspec.json.encode(refusals))
                failpoint("extract.repaired")
                clean.replace(path)
    return refusals


def _noted(folder: Path) -> list[Refusal]:
    """Return what an earlier try took out of a segment."""
    notes = folder / _REPAIRED
    return msgspec.json.decode(notes.read_bytes(), type=list[Refusal]) if notes.exists() else []
