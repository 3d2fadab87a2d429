"""Query jobs: results in pages of CSV, with a locator that at the end is the word ``null``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.call import CSV, Reply, answer, nothing
from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.jobs import DONE, Job, Jobs
from closedloop.sandbox.salesforce.soql import parse
from closedloop.sandbox.salesforce.wire import bulk_value, write_csv

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.call import Call
    from closedloop.sandbox.salesforce.state import Org

_MOST = 50_000
_END = "null"


class BulkQuery:
    """Answers what is asked of query jobs.

    Args:
        org: The org.
        jobs: Its jobs.
    """

    def __init__(self, org: Org, jobs: Jobs) -> None:
        self._org = org
        self._jobs = jobs
        self._locators: dict[str, int] = {}

    def create(self, call: Call) -> Reply:
        """Create a job.

        Raises:
            RefusedError: The statement is wrong, or not for bulk.
        """
        given = call.record()
        if given.get("operation") not in {"query", "queryAll"}:
            raise RefusedError("INVALIDJOB", "InvalidJob : operation must be query or queryAll")
        text = str(given.get("query", ""))
        statement = parse(text, now=self._org.clock.now())
        if statement.is_aggregate or statement.offset or statement.group:
            message = "API_ERROR : Aggregate functions, GROUP BY and OFFSET are not supported in bulk queries"
            raise RefusedError("API_ERROR", message)
        entity = self._org.rights.entity(statement.entity)
        for column in statement.columns:
            self._org.select.check(entity, column)
        job = self._jobs.add(call, "query", given, entity.name)
        job.text, job.state = text, "UploadComplete"
        return answer(job.shown())

    def show(self, call: Call, key: str) -> Reply:
        """Tell where a job is; every look brings it on."""
        job = self._jobs.find(call, "query", key)
        if self._jobs.step(job):
            self._run(job)
        return answer(job.shown())

    def change(self, call: Call, key: str) -> Reply:
        """Abort a job.

        Raises:
            RefusedError: It has ended, or something else is wanted.
        """
        job = self._jobs.find(call, "query", key)
        if call.record().get("state") != "Aborted" or job.is_ended:
            raise RefusedError("INVALIDJOBSTATE", "InvalidJobState : the job cannot go into that state")
        job.state = "Aborted"
        return answer(job.shown())

    def delete(self, call: Call, key: str) -> Reply:
        """Delete a job."""
        self._jobs.forget(self._jobs.find(call, "query", key))
        return nothing()

    def results(self, call: Call, key: str) -> Reply:
        """Answer with a page of results.

        Raises:
            RefusedError: The job has no results yet, or was made with another version, or the locator is none.
        """
        job = self._jobs.find(call, "query", key)
        if job.version != call.version:
            message = f"Job was created with API version {job.version}: use the same to get its results"
            raise RefusedError("API_VERSION_MISMATCH", message, status=409)
        if job.state != DONE:
            return self._early(job)
        start = self._start(job, call.query.get("locator", ""))
        most = self._most(call)
        lines, end = job.lines[start : start + most], start + most
        for fault in self._org.pages.strikes(job.entity, "bulk"):
            if fault.kind == "repeat_page" and start:
                lines = job.lines[max(0, start - most) : start]
            elif fault.kind == "short_page":
                lines, end = lines[: len(lines) // 2], len(job.lines)
        call.entry["rows"] = len(lines)
        header = job.header if start == 0 or self._org.options.bulk_header == "every" else None
        body = write_csv(header, lines, delimiter=job.delimiter, line_end=job.line_end)
        more = self._locator(job, end) if end < len(job.lines) else _END
        return Reply(
            body=body, kind=CSV, headers={"Sforce-NumberOfRecords": str(len(lines)), "Sforce-Locator": more}
        )

    def _run(self, job: Job) -> None:
        """Do what the job is for; the order of its results is its own."""
        statement = parse(job.text or "", now=self._org.clock.now())
        try:
            found = self._org.select.rows(statement, deleted=job.operation == "queryAll")
        except RefusedError as error:
            job.state, job.error = "Failed", f"{error.code} : {error.message}"
            return
        found = self._org.pages.shape(statement, found, job.entity, "bulk")
        entity = self._org.database.objects[job.entity]
        columns = self._org.select.columns(statement)
        readers = [self._org.select.reader(entity, column.path) for column in columns]
        exponent = self._org.options.numbers_with_exponent
        job.header = [".".join(column.path) for column in columns]
        job.lines = [[bulk_value(read(row), exponent=exponent) for read in readers] for row in found]
        if self._org.options.shuffles and not statement.order:
            self._jobs.random.shuffle(job.lines)
        job.state = DONE

    def _early(self, job: Job) -> Reply:
        status = self._org.options.bulk_early_status
        if status == 204:  # noqa: PLR2004 - no content
            return nothing()
        message = f"Job not complete. Job state: {job.state}"
        raise RefusedError("JOB_NOT_COMPLETE", message, status=status)

    def _most(self, call: Call) -> int:
        given = call.query.get("maxRecords", "")
        return min(max(int(given), 1), _MOST) if given.isdigit() else _MOST

    def _start(self, job: Job, locator: str) -> int:
        if not locator:
            return 0
        if not locator.startswith(job.key[-6:]) or locator not in self._locators:
            raise RefusedError("INVALID_QUERY_LOCATOR", f"Invalid locator: {locator}")
        return self._locators[locator]

    def _locator(self, job: Job, start: int) -> str:
        made = job.key[-6:] + hashlib.sha256(f"{job.key}:{start}".encode()).hexdigest()[:12]
        self._locators[made] = start
        return made
