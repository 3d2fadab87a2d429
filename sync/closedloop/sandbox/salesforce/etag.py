"""Writing only what nobody else has changed: entity tags, on accounts alone, and the older way by time."""

from __future__ import annotations

import hashlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.errors import RefusedError

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.call import Call
    from closedloop.sandbox.salesforce.database import Row


def tag(row: Row) -> str:
    """Return the tag of a row as it is."""
    text = f"{row['Id']}{row['SystemModstamp'].isoformat()}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:10]}"'


def demand_unchanged(call: Call, entity: str, row: Row) -> None:
    """Refuse a write whose condition does not hold.

    Raises:
        RefusedError: 412 where somebody changed the row, 400 where the condition cannot be read.
    """
    given = call.headers.get("if-match")
    if given is not None and entity == "Account":
        tags = [one.strip() for one in given.split(",")]
        if not all(one == "*" or one.startswith(('"', "W/")) for one in tags):
            raise RefusedError("INVALID_CONDITION", "The If-Match header is malformed")
        if "*" not in tags and tag(row) not in tags:
            raise _changed()
    since = call.headers.get("if-unmodified-since")
    if since is not None and row["LastModifiedDate"] > parsedate_to_datetime(since):
        raise _changed()


def _changed() -> RefusedError:
    return RefusedError("PRECONDITION_FAILED", "The record was changed", status=412)
