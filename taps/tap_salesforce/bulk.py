"""Bulk API 2.0 queries: a job is made, waited for, and its results are read page by page as CSV.

The results of a job stay for a week and can be read again, so a run that was stopped goes on where it was. Rows come in
no order. The last page's locator is the word ``null``. Asked too early, the results answer 204, 400 or 412. Every page
begins with the names of its columns, or the first alone; their order is the query's, or the alphabet's.
Source: Salesforce's pages on Bulk API 2.0, versions 47 and later.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import Action, MissingObjectError, Rule, StreamError
from closedloop.kit.redact import vendor_text
from tap_salesforce.faults import FieldError, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.kit.http import Reply
    from tap_salesforce.client import Salesforce

#: Rows a page: enough for few calls, few enough for memory.
_PAGE = 20_000
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_JOB = re.compile(r"[A-Za-z0-9]{15,18}")
_EARLY = frozenset({"JOB_NOT_COMPLETE", "INVALIDJOBSTATE", "INVALID_JOB_STATE"})
_ENDED = {"JobComplete": None, "Failed": "failed", "Aborted": "was aborted"}
_NO_CONTENT = 204
#: A text of a field may be this long.
csv.field_size_limit(1 << 24)


class NoBulkError(StreamError):
    """The org or the user may not use Bulk."""


class GoneJobError(StreamError):
    """The job is not there any more, or belongs to another version of the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of results.

    Args:
        rows: Column to text.
        next: Locator of the next page; none: this was the last.
    """

    rows: list[dict[str, Any]]
    next: str | None


@dataclass(slots=True, kw_only=True)
class Bulk:
    """One query.

    Args:
        salesforce: The org.
        entity: What it reads, for messages.
        fields: What it asks for, in order.
        patience: Longest wait for the job in seconds.
        job: Its id, where it was made before.
        header: Its columns in the order of its results, once they are known.
        total: How many rows it found, once it is done; none where Salesforce does not say.
    """

    salesforce: Salesforce
    entity: str
    fields: Sequence[str]
    patience: float = 3600.0
    job: str | None = None
    header: list[str] | None = None
    total: int | None = None

    def start(self, query: str, *, everything: bool) -> None:
        """Make the job.

        Raises:
            NoBulkError: Bulk may not be used.
        """
        body = {
            "operation": "queryAll" if everything else "query",
            "query": query,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            found = self._json(self.salesforce.call("POST", self._path(), entity=self.entity, json=body))
        except FieldError:
            raise
        except StreamError as error:  # an edition without Bulk, an object that it does not carry
            raise NoBulkError(error.message, where=error.where, fix=error.fix) from error
        job = str(found.get("id") or "")
        if not _JOB.fullmatch(job):
            msg = f"{self.entity}: the bulk job has no id"
            raise StreamError(msg, where=self.salesforce.where)
        self.job = job

    def take_up(self, job: str, header: list[str] | None, *, is_same: bool) -> None:
        """Go on with a job made before.

        Raises:
            GoneJobError: It asked for other fields than are selected now.
        """
        if not is_same:
            raise GoneJobError("other fields are selected now", where=self.salesforce.where)
        self.job, self.header = job, header

    def wait(self) -> None:
        """Wait until the job is done.

        Raises:
            GoneJobError: There is no such job.
            StreamError: It failed, was aborted, or took too long.
        """
        pause, waited = _FIRST_PAUSE, 0.0
        while not self._is_done():
            if waited >= self.patience:
                self._abort()
                msg = f"{self.entity}: the bulk job was not done after {self.patience:.0f} s"
                raise StreamError(msg, where=self.salesforce.where, fix="raise bulk_timeout_seconds")
            self.salesforce.http.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE)

    def _is_done(self) -> bool:
        try:
            found = self._json(self.salesforce.call("GET", self._path(self.job), entity=self.entity))
        except MissingObjectError as error:
            raise GoneJobError(error.message, where=error.where) from error
        state = str(found.get("state"))
        if state not in _ENDED:
            return False
        if ended := _ENDED[state]:
            said_so = vendor_text(found.get("errorMessage"), limit=120)
            msg = f"{self.entity}: the bulk job {ended}" + (f": {said_so}" if said_so else "")
            raise StreamError(
                msg, where=self.salesforce.where, fix="run again; bulk_threshold: 0 does without"
            )
        count = found.get("numberRecordsProcessed")
        self.total = count if isinstance(count, int) else None
        return True

    def page(self, locator: str | None) -> Results:
        """Return the page at a locator; none: the first.

        Raises:
            GoneJobError: The job or its results are gone.
            StreamError: The page is not whole.
        """
        params = {"maxRecords": str(_PAGE), **({"locator": locator} if locator else {})}
        for pause in (_FIRST_PAUSE, 2.0, 4.0, 8.0, 16.0, None):
            reply = self._results(params)
            if reply is not None:
                return self._parsed(reply)
            if pause is not None:
                self.salesforce.http.sleep(pause)
        msg = f"{self.entity}: the bulk job is done and gives no results"
        raise StreamError(msg, where=self.salesforce.where, fix="run again")

    def _results(self, params: Mapping[str, str]) -> Reply | None:
        """Return a page as it came; none where the results are not ready."""
        try:
            reply = self.salesforce.http.request(
                "GET",
                f"{self._path(self.job)}/results",
                params=params,
                headers={"Accept": "text/csv", "Accept-Encoding": "gzip"},
                classify=partial(_fault, self.salesforce),
            )
        except _EarlyError:
            return None
        except MissingObjectError as error:
            raise GoneJobError(error.message, where=error.where) from error
        return None if reply.status == _NO_CONTENT else reply

    def _parsed(self, reply: Reply) -> Results:
        lines = list(csv.reader(io.StringIO(reply.content.decode("utf-8-sig"), newline="")))
        lines = [line for line in lines if line]
        if lines and {one.lower() for one in lines[0]} == {one.lower() for one in self.fields}:
            names = {one.lower(): one for one in self.fields}
            self.header = [names[one.lower()] for one in lines.pop(0)]
        if self.header is None:
            self.header = list(self.fields)
            if lines:
                raise self._broken("a page has no names of columns")
        if any(len(line) != len(self.header) for line in lines):
            raise self._broken("a page is cut off")
        said_count = reply.headers.get("Sforce-NumberOfRecords", "")
        if said_count.isdigit() and int(said_count) != len(lines):
            message = f"a page says {said_count} rows and has {len(lines)}"
            raise self._broken(message)
        locator = reply.headers.get("Sforce-Locator") or "null"
        header = self.header
        return Results(
            rows=[dict(zip(header, line, strict=True)) for line in lines],
            next=None if locator.lower() == "null" else locator,
        )

    def _broken(self, what: str) -> StreamError:
        message = f"incomplete: {what} of the bulk results"
        return StreamError(message, where=self.salesforce.where, fix="run again")

    def _abort(self) -> None:
        try:
            self.salesforce.call("PATCH", self._path(self.job), entity=self.entity, json={"state": "Aborted"})
        except StreamError:
            return  # it ends by itself

    def _path(self, job: str | None = None) -> str:
        root = f"{self.salesforce.base}/jobs/query"
        return root if job is None else f"{root}/{job}"

    def _json(self, reply: Reply) -> Mapping[str, Any]:
        found = self.salesforce.json(reply)
        return found if isinstance(found, dict) else {}


class _EarlyError(StreamError):
    """The results are not ready."""


_WAIT = Rule(action=Action.FAIL_STREAM, error=_EarlyError, message="the results are not ready")
_GONE = Rule(
    action=Action.FAIL_STREAM, error=MissingObjectError, message="the bulk job is of another version"
)
_PRECONDITION, _CONFLICT, _BAD = 412, 409, 400


def _fault(salesforce: Salesforce, reply: Reply) -> Rule | None:
    rule = salesforce.fault(reply, "the bulk job")
    if reply.status == _PRECONDITION or (reply.status == _BAD and said(reply)[0] in _EARLY):
        return _WAIT
    return _GONE if reply.status == _CONFLICT else rule
