"""Ingest jobs: a file goes in, and three files tell what became of its lines, in an order of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import CSV, Reply, answer, nothing
from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.jobs import DONE, Job, Jobs
from closedloop.sandbox.salesforce.wire import read_csv, write_csv

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.call import Call
    from closedloop.sandbox.salesforce.schema import SObject
    from closedloop.sandbox.salesforce.state import Org
    from closedloop.sandbox.salesforce.writer import Writer

_OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
_NULL = "#N/A"
_IDS_IN_FAILURES = 53


class BulkIngest:
    """Answers what is asked of ingest jobs.

    Args:
        org: The org.
        jobs: Its jobs.
        writer: Changes rows.
    """

    def __init__(self, org: Org, jobs: Jobs, writer: Writer) -> None:
        self._org = org
        self._jobs = jobs
        self._writer = writer

    def create(self, call: Call) -> Reply:
        """Create a job.

        Raises:
            RefusedError: The object, the operation or the field to name rows by is none.
        """
        given = call.record()
        if given.get("operation") not in _OPERATIONS:
            raise RefusedError("INVALIDJOB", f"InvalidJob : unknown operation {given.get('operation')}")
        entity = self._org.rights.entity(str(given.get("object")))
        if given["operation"] == "upsert":
            name = given.get("externalIdFieldName") or ""
            if name.lower() != "id":
                try:
                    self._writer.matching(entity, name, "")
                except RefusedError as error:
                    message = f"InvalidJob : {error.message}"
                    raise RefusedError("INVALIDJOB", message) from error
        return answer(self._jobs.add(call, "ingest", given, entity.name).shown())

    def upload(self, call: Call, key: str) -> Reply:
        """Take the file: once.

        Raises:
            RefusedError: There is one already, or the job is past that.
        """
        job = self._jobs.find(call, "ingest", key)
        if job.state != "Open" or job.text is not None:
            message = "InvalidJobState : found multiple contents for job, or the job is no longer open"
            raise RefusedError("INVALIDJOBSTATE", message)
        job.text = call.body.decode()
        return Reply(status=201)

    def change(self, call: Call, key: str) -> Reply:
        """Say that the file is complete, or abort.

        Raises:
            RefusedError: The job cannot go into that state.
        """
        job = self._jobs.find(call, "ingest", key)
        wanted = call.record().get("state")
        if job.state != "Open" or wanted not in {"UploadComplete", "Aborted"}:
            raise RefusedError("INVALIDJOBSTATE", "InvalidJobState : the job cannot go into that state")
        job.state = wanted
        return answer(job.shown())

    def listed(self, _call: Call) -> Reply:
        """Tell of all jobs, in no order; a look at the list brings none on."""
        shown = [job.shown() for job in self._jobs.all("ingest")]
        self._jobs.random.shuffle(shown)
        return answer({"done": True, "nextRecordsUrl": None, "records": shown})

    def show(self, call: Call, key: str) -> Reply:
        """Tell where a job is; every look brings it on."""
        job = self._jobs.find(call, "ingest", key)
        if self._jobs.step(job):
            self._run(job)
        return answer(job.shown())

    def delete(self, call: Call, key: str) -> Reply:
        """Delete a job."""
        self._jobs.forget(self._jobs.find(call, "ingest", key))
        return nothing()

    def successful(self, call: Call, key: str) -> Reply:
        """Answer with the lines that went well."""
        job = self._ended(call, key)
        return self._file(job, ["sf__Id", "sf__Created", *job.header], job.done)

    def failed(self, call: Call, key: str) -> Reply:
        """Answer with the lines that did not."""
        job = self._ended(call, key)
        if float(job.version) >= _IDS_IN_FAILURES:
            return self._file(job, ["sf__Id", "sf__Error", *job.header], job.failed)
        return self._file(job, ["sf__Error", *job.header], [line[1:] for line in job.failed])

    def unprocessed(self, call: Call, key: str) -> Reply:
        """Answer with the lines that were never tried."""
        job = self._ended(call, key)
        return self._file(job, job.header, job.unprocessed)

    def _ended(self, call: Call, key: str) -> Job:
        job = self._jobs.find(call, "ingest", key)
        if not job.is_ended:
            message = f"InvalidJobState : Job must have ended, it is {job.state}"
            raise RefusedError("INVALIDJOBSTATE", message)
        return job

    def _file(self, job: Job, header: list[str], lines: list[list[str]]) -> Reply:
        shown = list(lines)
        if self._org.options.shuffles:
            self._jobs.random.shuffle(shown)
        body = write_csv(header, shown, delimiter=job.delimiter, line_end=job.line_end)
        return Reply(body=body, kind=CSV, headers={"Sforce-NumberOfRecords": str(len(shown))})

    def _run(self, job: Job) -> None:
        job.header, rows = read_csv(job.text or "", delimiter=job.delimiter)
        entity = self._org.database.objects[job.entity]
        if not rows:
            job.state, job.error = "Failed", "InvalidBatch : Field name not found : the file is empty"
            return
        unknown = [name for name in job.header if name.lower() != "id" and entity.find(name) is None]
        if unknown:
            job.state = "Failed"
            job.error = f"InvalidBatch : Field name not found : {unknown[0]}"
            job.unprocessed = [[row[name] for name in job.header] for row in rows]
            return
        for row in rows:
            self._line(job, entity, row)
        job.state = DONE

    def _line(self, job: Job, entity: SObject, row: dict[str, str]) -> None:
        given = [row[name] or "" for name in job.header]
        key = next((value for name, value in row.items() if name.lower() == "id"), "")
        try:
            made, created = self._carry_out(job, entity, key, _values(row))
        except RefusedError as error:
            job.failed.append([key, error.line(), *given])
            return
        job.done.append([made, "true" if created else "false", *given])

    def _carry_out(self, job: Job, entity: SObject, key: str, values: dict[str, Any]) -> tuple[str, bool]:
        if job.operation == "insert":
            return self._writer.insert(entity, values), True
        if job.operation == "upsert" and (job.external or "").lower() != "id":
            return self._upsert(job, entity, values)
        if not key:
            raise RefusedError("MISSING_ARGUMENT", "Id not specified in an update call")
        if job.operation in {"delete", "hardDelete"}:
            self._writer.delete(entity, key)
            if job.operation == "hardDelete":
                self._org.database.purge(entity.name, key)
        else:
            self._writer.update(entity, key, values)
        return key, False

    def _upsert(self, job: Job, entity: SObject, values: dict[str, Any]) -> tuple[str, bool]:
        known = entity.find(job.external or "")
        name = known.name if known else ""
        value = values.get(name)
        if value is None:
            raise RefusedError("MISSING_ARGUMENT", f"{name} not specified")
        found = self._writer.matching(entity, name, value)
        if len(found) > 1:
            message = f"{name}: more than one record found for external id field"
            raise RefusedError("DUPLICATE_EXTERNAL_ID", message, fields=(name,))
        if not found:
            return self._writer.insert(entity, values), True
        rest = {field: given for field, given in values.items() if field != name}
        self._writer.update(entity, found[0]["Id"], rest)
        return found[0]["Id"], False


def _values(row: dict[str, str]) -> dict[str, Any]:
    """Return what a line says: an empty value leaves a field alone, ``#N/A`` empties it."""
    return {
        name: None if value == _NULL else value
        for name, value in row.items()
        if value not in ("", None) and name.lower() != "id"
    }
