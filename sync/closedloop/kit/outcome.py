"""What became of each record that a target was asked to write, on disk before and after the call.

The file is JSON lines. An intent line is on disk before the vendor is asked; an outcome line follows as soon as the
vendor answered. A record with an intent and no outcome may or may not have been written: its state is unknown.

    {"batch":1,"phase":"intent","stream":"event.event","id":"12","fields":{"x_cl_attended":"40"}}
    {"batch":1,"phase":"outcome","stream":"event.event","id":"12","state":"written","reason":null,"request_id":null}
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from closedloop.kit.line import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

#: What a field may be set to; none empties it.
Value = str | int | float | bool | None


class State(StrEnum):
    """What became of one record."""

    WRITTEN = "written"
    REFUSED = "refused"  # the vendor said no, and why
    UNKNOWN = "unknown"  # the call may have reached the vendor: only reading back can tell
    NOT_SENT = "not_sent"  # surely not written, and not the record's fault


class Refusal(StrEnum):
    """Why the vendor refused a record: it says when another try may do better."""

    LOCK = "lock"  # somebody else's transaction held it: soon
    VALIDATION = "validation"  # the value, or the record as it is, is not allowed: not before one of them changes
    PERMISSION = "permission"  # our user may not: not before somebody has looked at the rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record to update.

    Args:
        id: The vendor's record id, never empty.
        fields: New values by field; a none empties the field.
    """

    id: str
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one row.

    Args:
        id: The vendor's record id.
        state: What became of it.
        reason: The vendor's reason, unless it was written.
        request_id: The vendor's id of the request.
        refusal: Of a refused row, what kind of refusal it is; none counts as one of validation.
    """

    id: str
    state: State
    reason: str | None = None
    request_id: str | None = None
    refusal: Refusal | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file."""

    batch: int
    phase: str
    stream: str
    id: str
    fields: dict[str, Value] | None = None
    state: State | None = None
    reason: str | None = None
    request_id: str | None = None
    refusal: Refusal | None = None


class OutcomeFile:
    """Appends lines, each group durable before the call returns.

    Args:
        path: The file; none keeps nothing (a plain Singer pipeline).
    """

    def __init__(self, path: Path | None) -> None:
        self._handle: int | None = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _sync_folder(path.parent)
        self._end_torn_line()

    def intend(self, batch: int, stream: str, rows: Iterable[Row]) -> None:
        """Note what is about to be sent."""
        self._append(
            {"batch": batch, "phase": "intent", "stream": stream, "id": row.id, "fields": row.fields}
            for row in rows
        )

    def settle(self, batch: int, stream: str, outcomes: Iterable[Outcome]) -> None:
        """Note what became of it."""
        self._append(
            {
                "batch": batch,
                "phase": "outcome",
                "stream": stream,
                "id": outcome.id,
                "state": outcome.state,
                "reason": outcome.reason,
                "request_id": outcome.request_id,
                "refusal": outcome.refusal,
            }
            for outcome in outcomes
        )

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _append(self, lines: Iterable[Mapping[str, object]]) -> None:
        if self._handle is None:
            return
        data = memoryview(b"".join(map(encode, lines)))
        while data:
            data = data[os.write(self._handle, data) :]
        os.fsync(self._handle)

    def _end_torn_line(self) -> None:
        """A process killed while it wrote left half a line: end it, so that ours begin on their own."""
        assert self._handle is not None  # noqa: S101 (tells mypy what the caller made sure of)
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            os.write(self._handle, b"\n")


def read_lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Yield the lines of an outcome file in order; half a line of a killed process is left out.

    Args:
        path: The file; a missing one has no lines.
        start: Bytes to pass over: the size of the file at some earlier moment.
    """
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        file.seek(start)
        for text in file:
            try:
                yield decoder.decode(text)
            except msgspec.DecodeError:
                continue


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
