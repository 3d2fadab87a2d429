"""Segments on disk: what a tap said between two states, whole or not at all.

``00000007.open`` is being written and is worth nothing after a crash. Renaming it to ``00000007.sealed``, after
everything in it is fsynced, makes it count: a sealed segment lands, sooner or later, exactly once.
"""

from __future__ import annotations

import os
import shutil
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import structlog

from closedloop.extract.schema import StreamSchema  # noqa: TC001 (msgspec reads the annotations)
from closedloop.kit.failpoint import failpoint

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

log = structlog.get_logger(__name__)

#: Rows a landing statement works on: bounds its memory, whatever the tap's states do.
PART_ROWS = 20_000
_MANIFEST = "segment.json"
_BUFFER = 1 << 20


@dataclass(slots=True, kw_only=True, frozen=True)
class Files:
    """The rows of one stream under one schema in a segment.

    Args:
        schema: Their table.
        mode: ``upsert`` by key, ``append`` by content (no key), or ``replace`` the whole table.
        parts: File names in order, each of at most `PART_ROWS` lines.
        sums: Their CRC-32, as far as known: a part that the disk lost some of must not land as if it were whole.
    """

    schema: StreamSchema
    mode: str
    parts: tuple[str, ...]
    sums: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True, frozen=True)
class Refusal:
    """A record that does not land.

    Args:
        stream: Its stream; empty if the line does not even say that.
        key: Its key, or a digest of the line.
        reason: One sentence.
        record: JSON text as it came.
    """

    stream: str
    key: str
    reason: str
    record: str


@dataclass(slots=True, kw_only=True, frozen=True)
class Manifest:
    """What a sealed segment says of itself.

    Args:
        number: Counts up within a connection.
        store: Identity of the store it was read for.
        sealed_at: ISO time.
        state: The tap's last state in it; null: leave the state alone.
        files: The rows, in the order in which they must land.
        versions: Streams whose earlier rows are gone: stream to Singer version.
        first: First segment of the same tap run: rows of earlier ones were not seen in it.
        refused: Records that were refused before landing.
    """

    number: int
    store: str
    sealed_at: str
    state: Any
    files: tuple[Files, ...]
    versions: dict[str, int]
    first: int
    refused: tuple[Refusal, ...]


#: Stands for a manifest of another version of this program: it is for no store.
_UNREADABLE = Manifest(
    number=0, store="", sealed_at="", state=None, files=(), versions={}, first=0, refused=()
)


@dataclass(slots=True, kw_only=True)
class Rows:
    """Writes one stream's rows into parts."""

    schema: StreamSchema
    mode: str
    folder: Path
    prefix: str
    parts: list[str] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    _file: BinaryIO | None = None
    _room: int = 0

    def add(self, record: bytes | memoryview | msgspec.Raw) -> None:
        """Append one record."""
        if not self._room:
            self._next()
        self._file.write(record)  # type: ignore[union-attr]
        self._file.write(b"\n")  # type: ignore[union-attr]
        self._room -= 1

    def close(self) -> Files:
        """Make the parts durable and return them."""
        self._finish()
        return Files(schema=self.schema, mode=self.mode, parts=tuple(self.parts), sums=tuple(self.sums))

    def _next(self) -> None:
        self._finish()
        self.parts.append(f"{self.prefix}-{len(self.parts)}.jsonl")
        self._file = (self.folder / self.parts[-1]).open("xb", _BUFFER)
        self._room = PART_ROWS

    def _finish(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.sums.append(_sum(self.folder / self.parts[-1]))
        self._file, self._room = None, 0


class Spool:
    """The segments of one connection.

    Args:
        root: Their folder; it is made, and belongs to this connection alone.
        store: Identity of the store they are for.
    """

    def __init__(self, root: Path, store: str) -> None:
        self.root = root
        self.store = store
        self.held = root / "held"
        root.mkdir(parents=True, exist_ok=True)

    def clean(self) -> None:
        """Drop what was not sealed."""
        for folder in (*self.root.glob("*.open"), self.held):
            if folder.exists():
                shutil.rmtree(folder)

    def sealed(self) -> Iterable[tuple[Path, Manifest]]:
        """Yield the sealed segments in order.

        One without a manifest has landed and is being removed. One for another store, or that cannot be read or is not
        as it was written, has not landed, so none after it may: all are dropped, and the tap reads them again from the
        state before them.
        """
        is_broken = False
        for folder in sorted(self.root.glob("*.sealed")):
            manifest = self._manifest(folder)
            is_broken = is_broken or (manifest is not None and not self._is_good(folder, manifest))
            if manifest is None or is_broken:
                self.remove(folder)
            else:
                yield folder, manifest

    def _is_good(self, folder: Path, manifest: Manifest) -> bool:
        if manifest.store != self.store:
            return False
        for files in manifest.files:
            for part, written in zip(files.parts, files.sums, strict=False):
                if not (folder / part).exists() or _sum(folder / part) != written:
                    log.error("extract.segment_damaged", segment=folder.name, part=part)
                    return False
        return True

    def _manifest(self, folder: Path) -> Manifest | None:
        try:
            return msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            return _UNREADABLE

    def last(self) -> int:
        """Return the highest number on disk, 0 if none."""
        return max((int(folder.stem) for folder in self.root.glob("*.sealed")), default=0)

    def open(self, number: int) -> Path:
        """Return the new folder of segment ``number``."""
        folder = self.root / f"{number:08d}.open"
        folder.mkdir()
        return folder

    def seal(self, folder: Path, manifest: Manifest) -> Path:
        """Make a segment count: everything durable first, then one rename.

        Args:
            folder: From `open`; its rows are closed.
            manifest: What it says of itself.

        Returns:
            The sealed folder.
        """
        failpoint("extract.files_written")
        write_durably(folder / _MANIFEST, msgspec.json.encode(manifest))
        sync_folder(folder)
        failpoint("extract.files_synced")
        sealed = folder.with_suffix(".sealed")
        folder.rename(sealed)
        sync_folder(self.root)
        failpoint("extract.sealed")
        return sealed

    def remove(self, folder: Path) -> None:
        """Delete a segment that has landed. Its manifest goes first: without one it counts for nothing."""
        (folder / _MANIFEST).unlink(missing_ok=True)
        failpoint("extract.removing")
        shutil.rmtree(folder)


def _sum(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(_BUFFER):
            found = zlib.crc32(chunk, found)
    return found


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's entries."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
