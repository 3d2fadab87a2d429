"""Bulk jobs that a killed process of ours left running: until they end, what is read back may still change.

Source: Salesforce's Bulk API 2.0 guide, page on the list of all ingest jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from target_salesforce.rows import is_same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_salesforce.bulk import Bulk
    from target_salesforce.org import Org

_RUNNING = {"UploadComplete", "InProgress"}
_PAGES = 20


def outlast(bulk: Bulk) -> None:
    """Wait for every unfinished job of our user on one object. Where there is none this costs one call.

    Raises:
        UnreachableError: One of them does not end.
    """
    running = [
        job for job in _jobs(bulk.org) if job.get("object") == bulk.stream and job.get("state") in _RUNNING
    ]
    if not running:
        return
    user = str(bulk.org.user()["user_id"])
    for job in running:
        if is_same(user, job.get("createdById")):
            bulk.outlast(str(job["id"]))


def _jobs(org: Org) -> Iterator[dict[str, Any]]:
    """Yield the ingest jobs of the last week, a thousand a call, in no order."""
    params = {"jobType": "V2Ingest"}
    for _ in range(_PAGES):
        found = org.ask("GET", "/jobs/ingest", params=params)
        found = found if isinstance(found, dict) else {}
        yield from (job for job in found.get("records") or [] if isinstance(job, dict))
        locator = parse_qs(urlsplit(str(found.get("nextRecordsUrl") or "")).query).get("queryLocator")
        if found.get("done", True) or not locator:
            return
        params = {"jobType": "V2Ingest", "queryLocator": locator[0]}
