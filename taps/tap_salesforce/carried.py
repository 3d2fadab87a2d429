"""What changed, carried by a bulk job: rows in no order, so the bookmark moves after the last page.

Meanwhile the state names the job and how far its results were read: a run that was stopped goes on there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page
from tap_salesforce.batch import converted
from tap_salesforce.bulk import GoneJobError, NoBulkError
from tap_salesforce.walk import AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_salesforce.bookmark import Bookmark
    from tap_salesforce.bulk import Bulk
    from tap_salesforce.changed import ChangedStream


def bulk_pages(stream: ChangedStream, resumed: Mapping[str, Any] | None = None) -> Iterator[Page]:
    """Yield the results of a bulk job.

    Args:
        stream: What is read.
        resumed: The job that an earlier run began to read, as its state has it; none: a new one.

    Raises:
        GoneJobError: There is no such job any more.
        NoBulkError: Bulk may not be used.
        StreamError: The job failed, or its results are not whole.
    """
    origin = replace(stream.bookmark, bulk=None)
    held: dict[str, Any] = dict(resumed or {"until": stream.until, "rows": 0})
    job = stream.bulk(stream.columns.fields)
    try:
        if resumed is None:
            job = stream.again(partial(_begun, stream, stream.where()))
            held |= {"job": job.job, "fields": digest(job.fields)}
            yield Page(records=[], state=replace(origin, bulk=held).state())
        job.take_up(held["job"], held.get("header"), is_same=held.get("fields") == digest(job.fields))
        job.wait()
        yield from _results(stream, job, origin, held)
    except (GoneJobError, NoBulkError):
        raise
    except StreamError:
        yield Page(records=[], state=origin.state())
        raise


def _begun(stream: ChangedStream, where: list[str]) -> Bulk:
    query = stream.select(where).partition(" ORDER BY ")[0]  # sorting slows a job down and promises nothing
    job = stream.bulk(stream.columns.fields)
    job.start(query, everything=stream.everything)
    return job


def _results(stream: ChangedStream, job: Bulk, mark: Bookmark, held: dict[str, Any]) -> Iterator[Page]:
    seen: set[int] = set()
    while True:
        results = job.page(held.get("locator"))
        rows = list(_unseen(results.rows, seen, stream.cursor))
        if results.rows and not rows:
            raise StreamError("no progress: Salesforce repeated a page", where=stream.name, fix=AGAIN)
        batch = converted(stream.columns, rows, cursor=stream.cursor)
        batch.records.sort(key=lambda record: (record[stream.cursor], record["Id"]))
        held["rows"] += len(rows)
        held["newest"] = max(filter(None, (held.get("newest"), batch.newest)), default=None)
        held |= {"locator": results.next, "header": job.header}
        mark = mark.without({*mark.quarantined, *batch.refused})
        if results.next is not None:
            yield stream.page_of(batch, replace(mark, bulk=dict(held)))
            continue
        if job.total is not None and held["rows"] < job.total:
            message = f"incomplete: Salesforce counts {job.total} rows and listed {held['rows']}"
            raise StreamError(message, where=stream.name, fix=AGAIN)
        yield stream.page_of(batch, stream.done(held["newest"], until=held["until"], mark=mark))
        return


def _unseen(rows: list[dict[str, Any]], seen: set[int], cursor: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        known = hash((row.get("Id"), row.get(cursor)))
        if known not in seen:
            seen.add(known)
            yield row


def digest(fields: Sequence[str]) -> str:
    """Return what tells one selection of fields from another."""
    return hashlib.sha256(",".join(fields).encode()).hexdigest()[:16]
