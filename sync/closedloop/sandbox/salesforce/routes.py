"""Which resource answers which address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.bulk_ingest import BulkIngest
from closedloop.sandbox.salesforce.bulk_query import BulkQuery
from closedloop.sandbox.salesforce.collections import Collections
from closedloop.sandbox.salesforce.describe import Describe, versions
from closedloop.sandbox.salesforce.errors import RefusedError, not_found
from closedloop.sandbox.salesforce.query import Query
from closedloop.sandbox.salesforce.records import Records
from closedloop.sandbox.salesforce.replication import Replication
from closedloop.sandbox.salesforce.tooling import Tooling

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.composite import Composite
    from closedloop.sandbox.salesforce.jobs import Jobs
    from closedloop.sandbox.salesforce.limits import Limits
    from closedloop.sandbox.salesforce.state import Org
    from closedloop.sandbox.salesforce.writer import Writer


@dataclass(slots=True, frozen=True)
class Route:
    """One way to one resource.

    Args:
        verb: The HTTP method.
        pattern: The address after the version; its groups go to the handler.
        handler: Answers.
        method: What faults and the log call it.
        is_write: Whether it changes records.
        api: ``rest``, ``bulk`` or ``tooling``.
    """

    verb: str
    pattern: str
    handler: Callable[..., Reply]
    method: str
    is_write: bool = False
    api: str = "rest"


class Routes:
    """All routes.

    Args:
        held: The routes; the first that fits is taken.
    """

    def __init__(self, held: list[Route]) -> None:
        self._held = [(re.compile(f"{route.pattern}/?$"), route) for route in held]

    def versions(self, call: Call) -> Reply:
        """Answer what needs no login."""
        return versions(call)

    def find(self, verb: str, path: str) -> tuple[Route, list[str]]:
        """Return the route to an address and the names in it.

        Raises:
            RefusedError: There is none, or not for this HTTP method.
        """
        there = False
        for pattern, route in self._held:
            found = pattern.match(path)
            if found and route.verb == verb:
                return route, [group or "" for group in found.groups()]
            there = there or found is not None
        if there:
            message = f"HTTP Method '{verb}' not allowed"
            raise RefusedError("METHOD_NOT_ALLOWED", message, status=405)
        raise not_found()


def routes(org: Org, *, limits: Limits, writer: Writer, jobs: Jobs, composite: Composite) -> Routes:
    """Return the routes of an org."""
    return Routes(
        [
            Route("POST", "/composite", composite.ask, "composite"),
            *_reading(org, limits),
            *_bulk(org, writer, jobs),
            *_tooling(org),
            *_collections(org, writer),
            *_records(org, writer),
        ]
    )


def _reading(org: Org, limits: Limits) -> list[Route]:
    described, query, replication = Describe(org), Query(org), Replication(org)
    return [
        Route("GET", "", described.resources, "resources"),
        Route("GET", "/limits", limits.show, "limits"),
        Route("GET", "/query", lambda call: query.ask(call, deleted=False), "query"),
        Route("GET", "/queryAll", lambda call: query.ask(call, deleted=True), "query"),
        Route("GET", r"/query(?:All)?/([\w-]+)", query.more, "query_more"),
        Route("GET", "/sobjects", described.everything, "describe"),
        Route("GET", r"/sobjects/(\w+)", described.basic, "describe"),
        Route("GET", r"/sobjects/(\w+)/describe", described.whole, "describe"),
        Route("GET", r"/sobjects/(\w+)/updated", replication.updated, "updated"),
        Route("GET", r"/sobjects/(\w+)/deleted", replication.deleted, "deleted"),
    ]


def _collections(org: Org, writer: Writer) -> list[Route]:
    held = Collections(org, writer)
    path = "/composite/sobjects"
    return [
        Route("POST", path, held.create, "create", is_write=True),
        Route("PATCH", path, held.change, "update", is_write=True),
        Route("DELETE", path, held.delete, "delete", is_write=True),
        Route("GET", rf"{path}/(\w+)", held.read, "read"),
        Route("POST", rf"{path}/(\w+)", held.read, "read"),
        Route("PATCH", rf"{path}/(\w+)/(\w+)", held.upsert, "upsert", is_write=True),
    ]


def _records(org: Org, writer: Writer) -> list[Route]:
    held = Records(org, writer)
    row, named = r"/sobjects/(\w+)/(\w+)", r"/sobjects/(\w+)/(\w+)/([^/]+)"
    return [
        Route("POST", r"/sobjects/(\w+)", held.create, "create", is_write=True),
        Route("GET", row, held.read, "read"),
        Route("PATCH", row, held.change, "update", is_write=True),
        Route("DELETE", row, held.delete, "delete", is_write=True),
        Route("GET", named, held.read_by, "read"),
        Route("PATCH", named, held.upsert, "upsert", is_write=True),
        Route("DELETE", named, held.delete_by, "delete", is_write=True),
    ]


def _bulk(org: Org, writer: Writer, jobs: Jobs) -> list[Route]:
    query, ingest = BulkQuery(org, jobs), BulkIngest(org, jobs, writer)
    asked, taken = "/jobs/query", "/jobs/ingest"
    one_asked, one_taken = rf"{asked}/(\w+)", rf"{taken}/(\w+)"
    found = [
        Route("POST", asked, query.create, "bulk_create"),
        Route("GET", one_asked, query.show, "bulk_state"),
        Route("PATCH", one_asked, query.change, "bulk_state"),
        Route("DELETE", one_asked, query.delete, "bulk_delete"),
        Route("GET", f"{one_asked}/results", query.results, "bulk"),
        Route("POST", taken, ingest.create, "ingest_create"),
        Route("GET", taken, ingest.listed, "ingest_list"),
        Route("GET", one_taken, ingest.show, "ingest_state"),
        Route("PATCH", one_taken, ingest.change, "ingest_complete", is_write=True),
        Route("DELETE", one_taken, ingest.delete, "ingest_delete"),
        Route("PUT", f"{one_taken}/batches", ingest.upload, "ingest_upload"),
        Route("GET", f"{one_taken}/successfulResults", ingest.successful, "ingest_results"),
        Route("GET", f"{one_taken}/failedResults", ingest.failed, "ingest_results"),
        Route("GET", f"{one_taken}/unprocessed[Rr]ecords", ingest.unprocessed, "ingest_results"),
    ]
    return [replace(route, api="bulk") for route in found]


def _tooling(org: Org) -> list[Route]:
    held = Tooling(org)
    path = "/tooling/sobjects/CustomField"
    found = [
        Route("POST", path, held.create, "custom_field", is_write=True),
        Route("GET", f"{path}/describe", held.describe, "custom_field"),
        Route("GET", rf"{path}/(\w+)", held.read, "custom_field"),
        Route("DELETE", rf"{path}/(\w+)", held.delete, "custom_field", is_write=True),
        Route("GET", "/tooling/query", held.query, "tooling_query"),
    ]
    return [replace(route, api="tooling") for route in found]
