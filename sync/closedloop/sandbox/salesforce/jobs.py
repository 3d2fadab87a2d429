"""Jobs of the Bulk API 2.0: what a query job and an ingest job have in common."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.errors import RefusedError, not_found
from closedloop.sandbox.salesforce.ids import make_id
from closedloop.sandbox.salesforce.wire import DELIMITERS, LINE_ENDS, rest_value

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.sandbox.salesforce.call import Call
    from closedloop.sandbox.salesforce.state import Org

PREFIX = "750"
DONE = "JobComplete"
_ENDED = frozenset({DONE, "Failed", "Aborted"})


@dataclass(slots=True, kw_only=True)
class Job:
    """A job.

    Args:
        key: Its id.
        kind: ``query`` or ``ingest``.
        operation: What it does.
        entity: The object.
        version: The API's version it was created with.
        at: When it was created.
        user: Who created it.
        delimiter: What stands between two values.
        line_end: What stands between two lines.
        external: The field that an upsert names rows by.
        state: Where it is.
        left: How often it will still say that it is not done.
        text: What a query asked, or the file to be taken in.
        header: The columns of the results.
        lines: The results of a query.
        done: Rows that went well, as the results have them.
        failed: Rows that did not.
        unprocessed: Rows that were never tried.
        error: Why the whole job failed.
    """

    key: str
    kind: str
    operation: str
    entity: str
    version: str
    at: datetime
    user: str
    delimiter: str = "COMMA"
    line_end: str = "LF"
    external: str | None = None
    state: str = "Open"
    left: int = 0
    text: str | None = None
    header: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    done: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)
    error: str | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in _ENDED

    def shown(self) -> dict[str, Any]:
        """Return what the API tells of the job."""
        at = rest_value(self.at, exponent=False)
        shown: dict[str, Any] = {
            "id": self.key,
            "operation": self.operation,
            "object": self.entity,
            "createdById": self.user,
            "createdDate": at,
            "systemModstamp": at,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_end,
            "columnDelimiter": self.delimiter,
        }
        if self.kind == "ingest":
            shown["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.key}/batches"
        if self.external:
            shown["externalIdFieldName"] = self.external
        if self.error:
            shown["errorMessage"] = self.error
        return shown | (self._counts() if self.is_ended else {})

    def _counts(self) -> dict[str, Any]:
        tried = len(self.lines) + len(self.done) + len(self.failed)
        counts: dict[str, Any] = {
            "jobType": "V2Query" if self.kind == "query" else "V2Ingest",
            "numberRecordsProcessed": tried,
            "retries": 0,
            "totalProcessingTime": tried,
        }
        if self.kind == "ingest":
            times = {"apiActiveProcessingTime": tried, "apexProcessingTime": 0}
            counts |= {"numberRecordsFailed": len(self.failed)} | times
        return counts


class Jobs:
    """All jobs of an org.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self._org = org
        self._held: dict[str, Job] = {}
        self.random = random.Random(org.options.seed)  # noqa: S311 - the order of results, no secret

    def add(self, call: Call, kind: str, given: dict[str, Any], entity: str) -> Job:
        """Create a job.

        Raises:
            RefusedError: An option is unknown.
        """
        delimiter, line_end = given.get("columnDelimiter", "COMMA"), given.get("lineEnding", "LF")
        if (
            delimiter not in DELIMITERS
            or line_end not in LINE_ENDS
            or given.get("contentType", "CSV") != "CSV"
        ):
            raise RefusedError("INVALIDJOB", "InvalidJob : an option of the job is unknown")
        job = Job(
            key=make_id(PREFIX, len(self._held) + 1),
            kind=kind,
            operation=str(given.get("operation")),
            entity=entity,
            version=call.version,
            at=self._org.database.now(),
            user=self._org.database.user,
            delimiter=delimiter,
            line_end=line_end,
            external=given.get("externalIdFieldName"),
            left=self._org.options.bulk_polls,
        )
        self._held[job.key] = job
        call.entry |= {"stream": entity, "job": job.key}
        return job

    def all(self, kind: str) -> list[Job]:
        """Return every job of a kind."""
        return [job for job in self._held.values() if job.kind == kind]

    def entity(self, key: str) -> str | None:
        """Return the object that a job is about, if there is such a job."""
        job = self._held.get(key)
        return job.entity if job else None

    def find(self, call: Call, kind: str, key: str) -> Job:
        """Return a job.

        Raises:
            RefusedError: There is none of that kind.
        """
        job = self._held.get(key)
        if job is None or job.kind != kind:
            raise not_found()
        call.entry |= {"stream": job.entity, "job": job.key}
        return job

    def forget(self, job: Job) -> None:
        """Delete a job.

        Raises:
            RefusedError: It has not ended.
        """
        if not job.is_ended:
            message = "InvalidJobState : Job must be in a terminal state to be deleted"
            raise RefusedError("INVALIDJOBSTATE", message)
        self._held[job.key].kind = "deleted"

    def step(self, job: Job) -> bool:
        """Let a job go on by one poll, and return whether its work is to be done now."""
        if job.state == "UploadComplete":
            job.state = "InProgress"
        if job.state != "InProgress":
            return False
        job.left -= 1
        return job.left < 0
