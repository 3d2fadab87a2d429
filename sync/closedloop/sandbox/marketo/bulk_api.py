"""Bulk extracts: jobs, their states, their files."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo import wire
from closedloop.sandbox.marketo.account import DELETE, LEAD_FIELDS, MEMBER_FIELDS
from closedloop.sandbox.marketo.errors import MarketoError, PlainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from closedloop.sandbox.marketo.account import Row
    from closedloop.sandbox.marketo.call import Call

_LONGEST = timedelta(days=31)
_MOST_QUEUED, _MOST_PROGRAMS = 10, 10
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
ACTIVITY_FIELDS = [
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
]


@dataclass(slots=True, kw_only=True)
class Job:
    """One extract."""

    id: str
    kind: str
    fields: list[str]
    filter: dict[str, Any]
    made: datetime
    status: str = "Created"
    polls: int = 0
    content: bytes = b""
    rows: int = 0

    def state(self) -> Row:
        """Return what Marketo tells of it."""
        found: Row = {
            "exportId": self.id,
            "format": "CSV",
            "status": self.status,
            "createdAt": wire.stamp(self.made),
        }
        if self.status == "Completed":
            digest = hashlib.sha256(self.content).hexdigest()
            found |= {
                "numberOfRecords": self.rows,
                "fileSize": len(self.content),
                "fileChecksum": f"sha256:{digest}",
            }
        return found


@dataclass(slots=True, kw_only=True)
class File:
    """A part of a file, or all of it."""

    content: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Jobs:
    """The extracts of a service.

    Args:
        by_id: All of them.
        used: Bytes of finished extracts by day.
    """

    by_id: dict[str, Job] = field(default_factory=dict)
    used: int = 0

    def create(self, call: Call) -> dict[str, Any]:
        """Make a job.

        Raises:
            MarketoError: It cannot be carried out.
        """
        _demand(call)
        kind = call.ids[0]
        known = {"leads": LEAD_FIELDS, "activities": ACTIVITY_FIELDS, "program/members": MEMBER_FIELDS}[kind]
        fields = list(call.body.get("fields") or (ACTIVITY_FIELDS if kind == "activities" else []))
        if not fields:
            raise MarketoError("1002", "Missing value for required parameter 'fields'")
        if unknown := [name for name in fields if name not in known]:
            raise MarketoError("1006", f"Field '{unknown[0]}' not found")
        filters = dict(call.body.get("filter") or {})
        _check(kind, filters)
        job = Job(
            id=str(uuid.UUID(int=0xC10 + len(self.by_id))),
            kind=kind,
            fields=fields,
            filter=filters,
            made=call.account.now(),
        )
        self.by_id[job.id] = job
        return {"result": [job.state()]}

    def enqueue(self, call: Call) -> dict[str, Any]:
        """Put a job into the queue.

        Raises:
            MarketoError: There is no place, or no byte left today.
        """
        _demand(call)
        job = self._job(call)
        if job.status != "Created":
            raise MarketoError("1029", "Export is already queued")
        if self.used >= call.account.options.bulk_bytes:
            raise MarketoError("1029", "Export daily quota 500MB exceeded")
        if sum(one.status in {"Queued", "Processing"} for one in self.by_id.values()) >= _MOST_QUEUED:
            raise MarketoError("1029", "Too many jobs (10) in queue")
        job.status = "Queued"
        return {"result": [job.state()]}

    def status(self, call: Call) -> dict[str, Any]:
        """Return the state of a job, which moves on with every question."""
        job = self._job(call)
        if job.status in {"Queued", "Processing"}:
            job.polls += 1
            job.status = "Processing"
            if job.polls >= call.account.options.bulk_polls:
                self._finish(call, job)
        return {"result": [job.state()]}

    def _finish(self, call: Call, job: Job) -> None:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(job.fields)
        for row in _ROWS[job.kind](call, job.filter):
            writer.writerow([wire.cell(row.get(name)) for name in job.fields])
            job.rows += 1
        job.content, job.status = out.getvalue().encode(), "Completed"
        self.used += len(job.content)

    def cancel(self, call: Call) -> dict[str, Any]:
        """End a job."""
        job = self._job(call)
        job.status = "Cancelled"
        return {"result": [job.state()]}

    def list(self, call: Call) -> dict[str, Any]:
        """Return the jobs of a kind."""
        return {"result": [job.state() for job in self.by_id.values() if job.kind == call.ids[0]]}

    def file(self, call: Call) -> File:
        """Return a part of a file, or all of it.

        Raises:
            PlainError: There is none.
        """
        job = self.by_id.get(call.ids[1])
        if job is None or job.status != "Completed":
            raise PlainError
        wanted = _RANGE.fullmatch(call.headers.get("range", ""))
        if wanted is None or not call.account.options.has_ranges:
            return File(content=job.content)
        begin, end = int(wanted[1]), int(wanted[2] or len(job.content))
        part = job.content[begin : end + 1]
        span = f"bytes {begin}-{begin + len(part) - 1}/{len(job.content)}"
        return File(content=part, status=206, headers={"Content-Range": span})

    def _job(self, call: Call) -> Job:
        job = self.by_id.get(call.ids[1])
        if job is None or job.kind != call.ids[0]:
            raise MarketoError("1013", "Export job not found")
        return job


def _demand(call: Call) -> None:
    if not call.account.options.has_bulk:
        raise MarketoError("703", "Bulk extract is not enabled for the subscription")


def _check(kind: str, filters: dict[str, Any]) -> None:
    """Refuse a filter that this kind does not have."""
    spans = [name for name in ("createdAt", "updatedAt") if name in filters]
    if kind == "leads" and len(filters) != 1:
        raise MarketoError("1003", "Exactly one filter must be given")
    if kind == "activities" and "createdAt" not in filters:
        raise MarketoError("1002", "Missing value for required filter 'createdAt'")
    if kind == "activities" and DELETE in (filters.get("activityTypeIds") or ()):
        raise MarketoError("1035", "Unsupported filter type for target subscription")
    if kind == "program/members":
        programs = filters.get("programIds") or [filters.get("programId")]
        if programs == [None] or len(programs) > _MOST_PROGRAMS:
            raise MarketoError("1003", "programId or programIds must be given")
    for name in spans:
        begin, end = (_time(filters[name].get(side)) for side in ("startAt", "endAt"))
        if not timedelta(0) <= end - begin <= _LONGEST:
            raise MarketoError("1003", "The date range must be 31 days at most")


def _time(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        raise MarketoError("704", "Invalid date format") from None


def _is_in(row: Row, filters: dict[str, Any], **columns: str) -> bool:
    """Whether a row lies in the spans of time that are asked for; a column may be named otherwise in the filter."""
    for name, column in columns.items():
        given = filters.get(name)
        if given and not _time(given["startAt"]) <= row[column] <= _time(given["endAt"]):
            return False
    return True


def _leads(call: Call, filters: dict[str, Any]) -> Iterator[Row]:
    rows = list(call.account.leads.values())
    return (row for row in rows if _is_in(row, filters, createdAt="createdAt", updatedAt="updatedAt"))


def _activities(call: Call, filters: dict[str, Any]) -> Iterator[Row]:
    types = filters.get("activityTypeIds")
    for row in call.account.activities:
        if types and row["activityTypeId"] not in types:
            continue
        if row["activityTypeId"] != DELETE and _is_in(row, filters, createdAt="activityDate"):
            yield row


def _members(call: Call, filters: dict[str, Any]) -> Iterator[Row]:
    programs = filters.get("programIds") or [filters["programId"]]
    names = filters.get("statusNames")
    for (program, _), row in call.account.members.items():
        if program in programs and (not names or row["statusName"] in names):
            yield row


_ROWS: dict[str, Callable[[Call, dict[str, Any]], Iterator[Row]]] = {
    "leads": _leads,
    "activities": _activities,
    "program/members": _members,
}
