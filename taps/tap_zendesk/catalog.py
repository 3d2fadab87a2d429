"""Which streams there are. Each is a row here and a file of columns in `schemas/`; behaviour lives in `streams`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

CURSOR = "updated_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One stream.

    Args:
        path: Under Zendesk's address.
        read: ``cursor``: an export that is gone on with by cursor; ``time``: one by time; ``list``: comes whole;
            ``since``: a listing that takes the time from which on.
        scope: What the token must have, in its narrowest form.
        plain: The plain listing: its keys are what there is. None where it does not show everything.
        sought: What the search calls such a record, where it can count them.
        params: Sent with each request.
        required: Whether a connection that may not read it is of no use.
        sources: Column to the way to its value, where it is not the name of a field.
    """

    path: str
    read: Literal["cursor", "time", "list", "since"]
    scope: str
    plain: str | None = None
    sought: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    required: bool = True
    sources: Mapping[str, str] = field(default_factory=dict)


ENDPOINTS: Mapping[str, Endpoint] = {
    "organizations": Endpoint(
        path="/api/v2/incremental/organizations.json",
        read="time",
        scope="organizations:read",
        plain="/api/v2/organizations.json",
        sought="organization",
        sources={"_sdc_deleted_at": "deleted_at"},
    ),
    "users": Endpoint(
        path="/api/v2/incremental/users/cursor.json",
        read="cursor",
        scope="users:read",
        plain="/api/v2/users.json",
        sought="user",
    ),
    # Archived tickets are in no plain listing: only the export has them all, so that nothing can be counted against it.
    "tickets": Endpoint(
        path="/api/v2/incremental/tickets/cursor.json",
        read="cursor",
        scope="tickets:read",
        params={"include": "metric_sets"},
        sources={"via_channel": "via.channel", "satisfaction_score": "satisfaction_rating.score"},
    ),
    "satisfaction_ratings": Endpoint(
        path="/api/v2/satisfaction_ratings.json", read="since", scope="read", required=False
    ),
    "groups": Endpoint(path="/api/v2/groups.json", read="list", scope="read", required=False),
}


@cache
def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema."""
    file = resources.files("tap_zendesk") / "schemas" / f"{stream}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
