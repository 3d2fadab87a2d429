"""Bulk extracts: a job is made, enqueued, waited for, and its file read piece by piece.

Only the service that made a job sees it. Its state is set anew once a minute. The file stays for a week and any part of
it can be asked for again, so that a read which breaks off goes on at its last byte; at the end its length, its checksum
and the number of its rows must be those that the job states. A missing value is the word ``null``. Where a file was
asked for, a refusal in JSON may come with status 200.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import MissingObjectError, StreamError
from tap_marketo.client import BULK
from tap_marketo.faults import AGAIN, BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_marketo.client import Marketo, Row

#: Bytes of a file asked for at once.
_PIECE = 8 << 20
#: Rows handed on at once.
_ROWS = 5000
#: The state of a job changes once a minute at most.
_PAUSE = 60.0
#: Tries to find a place in the queue.
_TRIES = 10
_ENDED = {"Completed": None, "Failed": "failed", "Canceled": "was cancelled", "Cancelled": "was cancelled"}
_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_PARTIAL = 206
csv.field_size_limit(1 << 24)


class GoneJobError(StreamError):
    """The job is not there any more, or has failed: it must be made anew."""


@dataclass(slots=True, kw_only=True)
class Bulk:
    """One extract.

    Args:
        marketo: The subscription.
        kind: ``leads``, ``activities`` or ``program/members``.
        fields: Columns of the file.
        patience: Longest wait in seconds.
        job: Its id, where it was made before.
    """

    marketo: Marketo
    kind: str
    fields: Sequence[str]
    patience: float = 7200.0
    job: str | None = None

    def start(self, filters: Mapping[str, Any]) -> str:
        """Make the job and put it into the queue.

        Raises:
            NoBulkError: Bulk extract cannot be used.
            BusyError: There was no place in the queue.
            StreamError: The job has no id.
        """
        body = {"fields": list(self.fields), "format": "CSV", "filter": dict(filters)}
        job = str(self._placed("create.json", body).get("exportId") or "")
        if not _ID.fullmatch(job):
            message = f"{self.kind}: the bulk extract has no id"
            raise StreamError(message, where=self.marketo.where, fix=AGAIN)
        self.job = job
        self._placed(f"{job}/enqueue.json", None)
        return job

    def _placed(self, path: str, body: object) -> Row:
        """Ask for something that a full queue refuses."""
        for _ in range(_TRIES - 1):
            try:
                return self.marketo.post(self._path(path), body)
            except BusyError:
                self.marketo.http.sleep(_PAUSE)
        return self.marketo.post(self._path(path), body)

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows of the file once it is there.

        Raises:
            GoneJobError: There is no such job, or it failed.
            StreamError: It took too long, or the file is not whole.
        """
        state = self._awaited()
        count, size = _whole(state.get("numberOfRecords")), _whole(state.get("fileSize"))
        if count == 0:
            return
        file = _File(self, size=size)
        lines = csv.reader(
            io.TextIOWrapper(io.BufferedReader(file, _PIECE), encoding="utf-8-sig", newline="")
        )
        header = next(lines, [])
        found, rows = 0, list[dict[str, Any]]()
        for line in lines:
            if len(line) != len(header):
                raise self._broken("a row is cut off")
            rows.append(
                {name: None if value == "null" else value for name, value in zip(header, line, strict=True)}
            )
            found += 1
            if len(rows) >= _ROWS:
                yield rows
                rows = []
        self._check(state, file, found=found, count=count)
        if rows:
            yield rows

    def _check(self, state: Mapping[str, Any], file: _File, *, found: int, count: int | None) -> None:
        stated = str(state.get("fileChecksum") or "").removeprefix("sha256:").lower()
        if stated and stated != file.digest.hexdigest():
            raise self._broken("the checksum is another one")
        if count is not None and found != count:
            message = f"Marketo counts {count} rows and gave {found}"
            raise self._broken(message)

    def _awaited(self) -> Row:
        """Wait until the job is done, and return its last state."""
        waited = 0.0
        while True:
            try:
                state = self.marketo.job(self._path(f"{self.job}/status.json"))
            except MissingObjectError as error:
                raise GoneJobError(error.message, where=error.where) from error
            status = str(state.get("status"))
            if status == "Created":  # a run was killed before it could enqueue it
                self._placed(f"{self.job}/enqueue.json", None)
            if status in _ENDED:
                break
            if waited >= self.patience:
                message = f"{self.kind}: the bulk extract was not done after {self.patience:.0f} s"
                raise StreamError(message, where=self.marketo.where, fix="the next run takes it up again")
            self.marketo.http.sleep(_PAUSE)
            waited += _PAUSE
        if ended := _ENDED[status]:
            message = f"{self.kind}: the bulk extract {ended}"
            raise GoneJobError(message, where=self.marketo.where, fix=AGAIN)
        return state

    def piece(self, start: int) -> tuple[bytes, bool]:
        """Return bytes of the file from ``start`` on, and whether they are the last.

        Raises:
            GoneJobError: There is no file.
        """
        wanted = f"bytes={start}-{start + _PIECE - 1}"
        http = self.marketo.http
        try:
            reply = http.request(
                "GET",
                self._path(f"{self.job}/file.json"),
                headers={"Accept": "text/csv", "Range": wanted},
                expect_json=True,  # a web page is no file either
                classify=self.marketo.faults.of_bulk,
            )
        except MissingObjectError as error:
            raise GoneJobError(error.message, where=error.where) from error
        content = reply.content
        if reply.status != _PARTIAL:
            return content[start:], True
        _, _, total = reply.headers.get("Content-Range", "").rpartition("/")
        is_last = start + len(content) >= int(total) if total.isdigit() else len(content) < _PIECE
        return content, is_last or not content

    def _broken(self, what: str) -> StreamError:
        message = f"incomplete: {what} in the bulk extract of {self.kind}"
        return StreamError(message, where=self.marketo.where, fix=AGAIN)

    def _path(self, rest: str) -> str:
        return f"{BULK}/{self.kind}/export/{rest}"


class _File(io.RawIOBase):
    """The file as a stream of bytes, read piece by piece."""

    def __init__(self, job: Bulk, *, size: int | None) -> None:
        self.digest = hashlib.sha256()
        self._job, self._size = job, size
        self._held, self._at, self._is_last = memoryview(b""), 0, False

    def readable(self) -> bool:
        """Return whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        while not self._held and not self._is_last:
            content, self._is_last = self._job.piece(self._at)
            self._at += len(content)
            self._is_last = self._is_last or self._at == self._size
            self.digest.update(content)
            self._held = memoryview(content)
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._held))
        target[:count] = self._held[:count]
        self._held = self._held[count:]
        return count


def _whole(value: Any) -> int | None:
    return int(str(value)) if str(value).isdigit() else None
