"""Sorts what a tap says into segments, line by line, and guards against odd output."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from closedloop.extract.schema import SchemaError, StreamSchema, read_schema
from closedloop.extract.spool import Files, Manifest, Refusal, Rows, Spool, sync_folder
from closedloop.kit.failpoint import failpoint
from closedloop.store.bookmarks import covers, merge_state
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedloop.clock import Clock

log = structlog.get_logger(__name__)

#: A segment is cut at the first STATE after so many rows, bytes or seconds.
SEGMENT_ROWS, SEGMENT_BYTES, SEGMENT_SECONDS = 20_000, 32 << 20, 60.0
#: Longest line taken, in bytes: longer ones are refused, so that one record cannot take the memory.
MAX_LINE = 8 << 20
#: How much of a refused line is kept, in characters.
_KEPT = 20_000


class _Line(msgspec.Struct):
    """What every message may have. Raw parts are copied as they came: nothing is parsed that need not be."""

    type: str
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw()
    value: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Line).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(slots=True, kw_only=True)
class Seen:
    """What one stream said in this run.

    Args:
        schema: Its newest table.
        rows: Records received.
        proof: Its PROOF message, once it came.
        reason: Why it failed here, if it did.
        is_odd: Whether its records must be rewritten before they can be landed.
    """

    schema: StreamSchema
    rows: int = 0
    proof: dict[str, Any] | None = None
    reason: str | None = None
    is_odd: bool = False


@dataclass(slots=True, kw_only=True)
class Intake:
    """Takes the lines of one run of one tap.

    Args:
        spool: Where segments go.
        clock: Tells when a segment is sealed.
        number: The number of the first segment.
        state: The state the tap started with.
        has_protocol: Whether the tap speaks our additions to Singer.
        keeps_state: False for a backfill: bookmarks stay as they are.
        on_sealed: Called with each sealed segment, which it lands.
        segment_rows: Rows after which the next STATE cuts.
    """

    spool: Spool
    clock: Clock
    number: int
    state: dict[str, Any]
    has_protocol: bool
    on_sealed: Callable[[Path, Manifest], None]
    keeps_state: bool = True
    segment_rows: int = SEGMENT_ROWS
    streams: dict[str, Seen] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    _first: int = 0
    _started: dict[str, Any] = field(default_factory=dict)
    _folder: Path | None = None
    _rows: dict[str, Rows] = field(default_factory=dict)
    _closed: list[Files] = field(default_factory=list)
    _held: dict[str, list[Rows]] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _refused: list[Refusal] = field(default_factory=list)
    _count: int = 0
    _bytes: int = 0
    _opened: float = 0.0
    _serial: int = 0
    _released: set[str] = field(default_factory=set)
    _sealed_state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember where the run began."""
        self._first, self._started, self._sealed_state = self.number, self.state, self.state

    def feed(self, line: bytes) -> None:
        """Take one line of the tap's output.

        Args:
            line: With or without its newline; of a line longer than `MAX_LINE` only the beginning.
        """
        if len(line) > MAX_LINE:
            self._refuse("", line, f"a line longer than {MAX_LINE >> 20} MiB")
            return
        try:
            message = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if line.strip():
                self._refuse("", line, "the tap wrote a line that is no Singer message")
            return
        if message.type == "RECORD":
            self._record(message, line)
        else:
            self._other(message, line)

    def finish(self, *, is_clean: bool) -> None:
        """Seal what is left.

        Args:
            is_clean: Whether the tap ended well: only then are whole tables replaced and absent rows marked.
        """
        versions = {
            stream: version for stream, version in self._versions.items() if is_clean or self._is_done(stream)
        }
        for stream, seen in self.streams.items():
            if self._is_whole(stream, seen.schema) and (is_clean or self._is_done(stream)):
                self._release(stream)
        is_new = self.state != self._sealed_state
        if self._folder is not None or self._closed or self._refused or is_new or versions:
            self._seal(versions)

    def close(self) -> None:
        """Close what is still open, when nothing more will be sealed."""
        for rows in (*self._rows.values(), *(one for held in self._held.values() for one in held)):
            rows.close()
        self._rows, self._held = {}, {}

    def _record(self, message: _Line, line: bytes) -> None:
        seen = self.streams.get(message.stream)
        record: bytes | msgspec.Raw = message.record
        if seen is None or not seen.schema.columns:
            self._refuse(message.stream, line, "a RECORD without a SCHEMA that can be used before it")
            return
        if not record:
            self._refuse(message.stream, line, "a RECORD message without a record")
            return
        if seen.is_odd:
            try:
                record = _rewrite(message.record, seen.schema)
            except msgspec.DecodeError:
                self._refuse(message.stream, line, "the record is no JSON object")
                return
        rows = self._rows.get(message.stream) or self._new_rows(message.stream)
        rows.add(record)
        seen.rows += 1
        self._count += 1
        self._bytes += len(line)

    def _other(self, message: _Line, line: bytes) -> None:
        if message.type == "STATE":
            self._state(message)
        elif message.type == "SCHEMA":
            self._schema(msgspec.json.decode(line))
        elif message.type == "ACTIVATE_VERSION":
            version = msgspec.json.decode(line).get("version")
            if isinstance(version, int | float) and message.stream in self.streams:
                self._versions[message.stream] = int(version)
        elif message.type in ("PROOF", "QUARANTINE") and self.has_protocol:
            self._added(message.type, msgspec.json.decode(line))
        elif message.type == "BATCH" and message.stream in self.streams:
            self.streams[message.stream].reason = "the tap sent a BATCH message, which is not taken"
        else:
            log.warning("extract.message_ignored", type=message.type[:40], stream=message.stream)

    def _state(self, message: _Line) -> None:
        received = msgspec.json.decode(message.value) if message.value else None
        if self.keeps_state:
            self.state = merge_state(self.state, received)
        for stream in [stream for stream in self._held if covers(received, stream)]:
            self._release(stream, mode="append")
        if self._folder is not None and self._is_full():
            self._seal({})

    def _is_full(self) -> bool:
        age = self.clock.now().timestamp() - self._opened
        return self._count >= self.segment_rows or self._bytes >= SEGMENT_BYTES or age >= SEGMENT_SECONDS

    def _schema(self, message: dict[str, Any]) -> None:
        try:
            schema = read_schema(message)
            self._refuse_twin(schema.stream)
        except SchemaError as error:
            stream = str(message.get("stream", ""))
            log.warning("extract.schema_refused", stream=stream, reason=str(error))
            if stream:
                nothing = StreamSchema(stream=stream, columns=(), keys=())
                self.streams.setdefault(stream, Seen(schema=nothing)).reason = str(error)
            return
        seen = self.streams.get(schema.stream)
        if seen is None or seen.schema != schema:
            self._close(schema.stream)
            seen = self.streams.setdefault(schema.stream, Seen(schema=schema))
            seen.schema = schema
            # Our own taps write money as text; another's number must not pass through a binary one.
            seen.is_odd = bool(schema.renames or (schema.decimals and not self.has_protocol))
            # Also a stream without rows gets its table: "no events" is an answer, a missing table is none.
            self._closed.append(Files(schema=schema, mode="append", parts=()))

    def _refuse_twin(self, stream: str) -> None:
        """Refuse a stream whose table would be another stream's: DuckDB's names ignore case."""
        for other in self.streams:
            if other != stream and other.lower() == stream.lower():
                reason = f"its name differs from {other} only in capital letters"
                raise SchemaError(reason)

    def _added(self, kind: str, message: dict[str, Any]) -> None:
        stream = str(message.get("stream", ""))
        if kind == "PROOF":
            nothing = StreamSchema(stream=stream, columns=(), keys=())
            self.streams.setdefault(stream, Seen(schema=nothing)).proof = message
            return
        record = msgspec.json.encode(message.get("record")).decode()
        reason = str(message.get("reason") or "refused by the tap")
        self._add_refusal(
            Refusal(stream=stream, key=str(message.get("key")), reason=reason, record=record[:_KEPT])
        )

    def _new_rows(self, stream: str) -> Rows:
        schema = self.streams[stream].schema
        self._serial += 1
        if self._is_whole(stream, schema):
            self.spool.held.mkdir(exist_ok=True)
            rows = Rows(schema=schema, mode="replace", folder=self.spool.held, prefix=str(self._serial))
            self._held.setdefault(stream, []).append(rows)
        else:
            mode = "upsert" if schema.keys else "append"
            rows = Rows(schema=schema, mode=mode, folder=self._open(), prefix=str(self._serial))
        self._rows[stream] = rows
        return rows

    def _is_whole(self, stream: str, schema: StreamSchema) -> bool:
        """Return whether the stream is a table without a key that is read whole each time."""
        is_known = bool(schema.columns) and not schema.keys
        return is_known and stream not in self._released and not covers(self._started, stream)

    def _open(self) -> Path:
        if self._folder is None:
            self._folder = self.spool.open(self.number)
            self._opened = self.clock.now().timestamp()
        return self._folder

    def _close(self, stream: str) -> None:
        """End the rows under the present schema: the next record begins new ones."""
        rows = self._rows.pop(stream, None)
        if rows is not None and rows.mode != "replace":
            self._closed.append(rows.close())

    def _release(self, stream: str, *, mode: str = "replace") -> None:
        """Move the rows of a table without a key into the present segment."""
        folder = self._open()
        self._rows.pop(stream, None)
        self._released.add(stream)
        schema = self.streams[stream].schema
        self.spool.held.mkdir(exist_ok=True)
        self._closed.append(Files(schema=schema, mode=mode, parts=()))
        mode = "append" if mode == "append" else "extend"
        for rows in self._held.pop(stream, []):
            files = rows.close()
            for part in files.parts:
                (self.spool.held / part).rename(folder / part)
            self._closed.append(Files(schema=files.schema, mode=mode, parts=files.parts))
        sync_folder(self.spool.held)

    def _seal(self, versions: dict[str, int]) -> None:
        folder = self._open()
        for stream in [stream for stream, rows in self._rows.items() if rows.mode != "replace"]:
            self._close(stream)
        manifest = Manifest(
            number=self.number,
            store=self.spool.store,
            sealed_at=to_text(self.clock.now()),
            state=self.state if self.state != self._sealed_state else None,
            files=tuple(self._closed),
            versions=versions,
            first=self._first,
            refused=tuple(self._refused),
        )
        failpoint("extract.cut")
        sealed = self.spool.seal(folder, manifest)
        self._folder, self._count, self._bytes, self._sealed_state = None, 0, 0, self.state
        self._closed, self._refused = [], []
        self.number += 1
        self.on_sealed(sealed, manifest)

    def _is_done(self, stream: str) -> bool:
        proof = self.streams[stream].proof
        return proof is not None and not proof.get("error")

    def _refuse(self, stream: str, line: bytes, reason: str) -> None:
        text = line[:_KEPT].decode("utf-8", "replace").rstrip("\n")
        self._add_refusal(Refusal(stream=stream, key=digest(line), reason=reason, record=text))

    def _add_refusal(self, refusal: Refusal) -> None:
        self._refused.append(refusal)
        self.refused[refusal.stream] += 1


def digest(line: bytes) -> str:
    """Return the name of a record that has no key: the same bytes, the same name."""
    return f"sha256:{hashlib.sha256(line.strip()).hexdigest()[:32]}"


def _rewrite(record: msgspec.Raw, schema: StreamSchema) -> bytes:
    """Give properties their columns' names, and quote money that came as a number before a reader rounds it."""
    renames, decimals = schema.renames, schema.decimals
    parts: dict[str, msgspec.Raw] = {}
    for name, raw in _fields(record).items():
        text = bytes(raw)
        is_number = name in decimals and text[:1] not in (b'"', b"n")
        parts[renames.get(name, name)] = msgspec.Raw(b'"' + text + b'"') if is_number else raw
    return msgspec.json.encode(parts)
