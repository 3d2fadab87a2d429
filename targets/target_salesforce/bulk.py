"""Writes many rows as one job of Bulk API 2.0.

A job is made, given its rows as CSV, and told to begin; nothing happens before that. Then its state is asked for until it has
ended, and three listings say which rows were written, refused and left out, in no order: rows are told apart by their id.
A job can fail with some of its rows written. A job whose state cannot be asked for any more leaves its rows unknown.
In a cell nothing means "leave it as it is", and `#N/A` empties a field.
Source: Salesforce's Bulk API 2.0 guide, pages on ingest.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence  # noqa: TC003 (dataclass fields)
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from closedloop.errors import ClosedloopError, UnreachableError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import State
from closedloop.kit.policy import HtmlReplyError, StreamError, UnknownOutcomeError
from closedloop.log import get_logger
from target_salesforce.org import GarbledReplyError, Org, reason
from target_salesforce.rows import LOCKED, Answer, Ready

log = get_logger(__name__)

_JOBS = "/jobs/ingest"
_ENDED = {"JobComplete", "Failed", "Aborted"}
_EMPTY = "#N/A"
#: Seconds between two looks at a job: the first, and the most.
_FIRST_LOOK, _LONGEST = 1.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One object's way through a bulk job.

    Args:
        org: The organisation.
        stream: The object.
        key: The external id that rows are found by; none: the record id, and nothing is created.
        patience: Seconds that a job may take; then it is aborted.
        sleep: Waits between two looks at the job; tests pass their own.
    """

    org: Org
    stream: str
    key: str | None = None
    patience: float = 3600.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def send(self, rows: Sequence[Ready]) -> Iterator[Answer]:
        """Yield what became of each row.

        Raises:
            UnknownOutcomeError: Some rows were yielded as unknown.
            ClosedloopError: The rows without an answer were surely not written.
        """
        job = self._make()
        failpoint("target_salesforce.job_made")
        self._upload(job, rows)
        failpoint("target_salesforce.job_uploaded")
        try:
            self._begin(job)
            failpoint("target_salesforce.job_begun")
            state = self._end(job)
            failpoint("target_salesforce.job_ended")
            answers = list(self._answers(job, state, rows))
        except _NeverBegunError as stop:
            raise stop.error from stop
        except ClosedloopError as error:
            yield from (
                _unknown(row, f"the bulk job was lost sight of: {error.message}", job) for row in rows
            )
            raise UnknownOutcomeError(error.message, where=self.stream, request_id=job) from error
        yield from answers
        self._account(job, state, answers)

    def outlast(self, job: str) -> None:
        """Wait for the end of a job that another process began.

        Raises:
            UnreachableError: It does not end.
        """
        state = self._end(job)
        if state not in _ENDED:
            msg = f"a bulk job of ours still runs: {job}"
            raise UnreachableError(
                msg, where=self.stream, fix="wait, or abort it in Setup, Bulk Data Load Jobs"
            )

    def _account(self, job: str, state: str, answers: Sequence[Answer]) -> None:
        """Say why rows are left, once the others were told."""
        if any(answer.state is State.UNKNOWN for answer in answers):
            msg = f"the bulk job ended as {state} and does not account for all of its rows"
            raise UnknownOutcomeError(msg, where=self.stream, request_id=job)
        if any(answer.state is State.NOT_SENT for answer in answers):
            msg = f"the bulk job ended as {state} before it came to all of its rows"
            raise StreamError(msg, where=self.stream, request_id=job, fix="the next run writes the others")

    def _make(self) -> str:
        """Making a job changes nothing: doing it twice leaves an empty one, which Salesforce clears away."""
        wanted = {
            "object": self.stream,
            "operation": "upsert" if self.key else "update",
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            **({"externalIdFieldName": self.key} if self.key else {}),
        }
        made = self.org.ask("POST", _JOBS, wanted)
        job = made.get("id") if isinstance(made, dict) else None
        if not isinstance(job, str) or not job:
            raise GarbledReplyError("Salesforce made a bulk job without an id", where=self.stream)
        return job

    def _upload(self, job: str, rows: Sequence[Ready]) -> None:
        """Hand the rows over, once: a second upload is refused, and the first may have arrived."""
        try:
            self.org.send(
                "PUT",
                f"{_path(job)}/batches",
                _csv(rows, self.key or "Id"),
                headers={"Content-Type": "text/csv; charset=UTF-8"},
                idempotent=False,
            )
        except UnknownOutcomeError as error:
            self._abort(job)
            msg = f"the rows may not have reached the bulk job, which was not begun: {error.message}"
            raise StreamError(msg, where=self.stream, request_id=job) from error
        except ClosedloopError:
            self._abort(job)
            raise

    def _begin(self, job: str) -> None:
        try:
            self.org.ask("PATCH", _path(job), {"state": "UploadComplete"}, write=True)
        except (UnknownOutcomeError, GarbledReplyError, HtmlReplyError) as error:
            if self._state(job) != "Open":
                return
            if self._abort(job) != "Aborted":
                raise
            msg = f"the bulk job was not begun: {error.message}"
            raise _NeverBegunError(StreamError(msg, where=self.stream, request_id=job)) from error
        except ClosedloopError as error:
            self._abort(job)
            raise _NeverBegunError(error) from error

    def _end(self, job: str) -> str:
        """Wait for the job; one that takes too long is aborted."""
        waited, pause = 0.0, _FIRST_LOOK
        while (state := self._state(job)) not in _ENDED:
            if waited >= self.patience:
                log.warning("target_salesforce.job_too_slow", job=job, seconds=waited)
                return self._abort(job) or state
            self.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, _LONGEST)
        return state

    def _state(self, job: str) -> str:
        found = self.org.ask("GET", _path(job))
        state = found.get("state") if isinstance(found, dict) else None
        if not isinstance(state, str):
            raise GarbledReplyError("Salesforce does not tell the state of a bulk job", request_id=job)
        return state

    def _abort(self, job: str) -> str | None:
        """Stop a job, and return its state where Salesforce tells it."""
        with suppress(ClosedloopError):
            self.org.ask("PATCH", _path(job), {"state": "Aborted"})
        try:
            return self._state(job)
        except ClosedloopError:
            return None

    def _answers(self, job: str, state: str, rows: Sequence[Ready]) -> Iterator[Answer]:
        if state not in _ENDED:
            yield from (_unknown(row, "the bulk job goes on", job) for row in rows)
            return
        written = {_name(line, self.key) for line in self._listing(job, "successfulResults")}
        refused = {_name(line, self.key): line for line in self._listing(job, "failedResults")}
        left = {_name(line, self.key) for line in self._listing(job, "unprocessedrecords")}
        for row in rows:
            yield _answer(row, _short(row.id, self.key), written, refused, left, job)

    def _listing(self, job: str, name: str) -> Iterator[Mapping[str, Any]]:
        reply = self.org.send(
            "GET", f"{_path(job)}/{name}", headers={"Accept": "text/csv"}, expect_json=False
        )
        if reply.is_html:
            raise GarbledReplyError("a web page came instead of a bulk job's results", request_id=job)
        return csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"), newline=""))


class _NeverBegunError(Exception):
    """The job was stopped before Salesforce began it: nothing was written."""

    def __init__(self, error: ClosedloopError) -> None:
        super().__init__(error.message)
        self.error = error


def _answer(  # noqa: PLR0917 (three listings, one row)
    row: Ready,
    name: str,
    written: set[str],
    refused: Mapping[str, Mapping[str, Any]],
    left: set[str],
    job: str,
) -> Answer:
    if name in refused and name not in written:
        code, _, text = str(refused[name].get("sf__Error") or "").partition(":")
        return Answer(
            row=row, state=State.REFUSED, reason=reason(code, text), locked=code == LOCKED, request_id=job
        )
    if name in written and name not in refused:
        return Answer(row=row, state=State.WRITTEN, request_id=job)
    if name in left and name not in refused:
        return Answer(row=row, state=State.NOT_SENT, reason="the bulk job did not come to it", request_id=job)
    return _unknown(row, "the bulk job does not account for it", job)


def _unknown(row: Ready, why: str, job: str) -> Answer:
    return Answer(row=row, state=State.UNKNOWN, reason=why, request_id=job)


def _name(line: Mapping[str, Any], key: str | None) -> str:
    """Return what a row of a listing is known by: the column that we sent, else the id that Salesforce put before it."""
    if key:
        return _short(str(line.get(key) or ""), key)
    return _short(str(line.get("Id") or line.get("sf__Id") or ""), key)


def _short(name: str, key: str | None) -> str:
    return name if key else name[:15]


def _path(job: str) -> str:
    return f"{_JOBS}/{quote(job, safe='')}"


def _csv(rows: Sequence[Ready], key: str) -> bytes:
    """Return the rows with every field that one of them sets."""
    names = list(dict.fromkeys(name for row in rows for name in row.fields))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([key, *names])
    for row in rows:
        writer.writerow([row.id, *(_cell(row.fields[name]) if name in row.fields else "" for name in names)])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return _EMPTY
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
