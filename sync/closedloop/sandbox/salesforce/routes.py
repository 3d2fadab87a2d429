"""Which resource answers which address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.collections import Collections
from closedloop.sandbox.salesforce.describe import Describe, versions
from closedloop.sandbox.salesforce.errors import RefusedError, not_found
from closedloop.sandbox.salesforce.query import Query
from closedloop.sandbox.salesforce.records import Records
from closedloop.sandbox.salesforce.replication import Replication

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.call import Call, Reply
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


def routes(org: Org, limits: Limits, writer: Writer) -> Routes:
    """Return the routes of an org."""
    return Routes([*_reading(org, limits), *_collections(org, writer), *_records(org, writer)])


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
