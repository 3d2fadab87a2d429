"""What HubSpot's refusals of a write mean; its limits and scopes mean what they mean to the tap.

Its errors carry a category, a text, and lists of what the text is about; the text may quote a value, so only its first
line goes on. A batch in which one record is wrong is refused whole (400), so that text stands for the batch until the
record is alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.kit.outcome import Refusal
from closedloop.kit.policy import AccessError, Action, MissingObjectError, RecordError, Rule
from closedloop.kit.redact import vendor_text
from tap_hubspot.faults import Faults, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.errors import ClosedloopError
    from closedloop.kit.http import Reply

_LENGTH = 300

#: Where an error names what it is about.
_ABOUT = ("objectWriteTraceId", "ids", "id", "objectIds", "objectId", "vid", "email")


class LockedError(RecordError):
    """Another write has the record at this moment."""


#: What is raised for a refusal of what was sent, by status.
_OURS: Mapping[int, tuple[Action, type[ClosedloopError]]] = {
    400: (Action.QUARANTINE_RECORD, RecordError),
    404: (Action.FAIL_STREAM, MissingObjectError),
    409: (Action.QUARANTINE_RECORD, RecordError),
    413: (Action.QUARANTINE_RECORD, RecordError),
    422: (Action.QUARANTINE_RECORD, RecordError),
    423: (Action.QUARANTINE_RECORD, LockedError),
}


def fault(reply: Reply) -> Rule | None:
    """Return the rule for a failed reply; none leaves it to the common table."""
    ours = _OURS.get(reply.status)
    if ours is None:
        return Faults()(reply)
    action, error = ours
    return Rule(action=action, error=error, message=text(body_of(reply)))


def refusal(error: ClosedloopError) -> Refusal:
    """Return what kind of refusal an error is."""
    if isinstance(error, LockedError):
        return Refusal.LOCK
    return Refusal.PERMISSION if isinstance(error, AccessError) else Refusal.VALIDATION


def text(error: Mapping[str, Any]) -> str:
    """Return what may be quoted of an error."""
    details = [one for one in error.get("errors") or [] if isinstance(one, dict)]
    said = error.get("message") or next((one.get("message") for one in details), None)
    return vendor_text(said or error.get("category") or "HubSpot refused without a reason", limit=_LENGTH)


def about(error: Mapping[str, Any]) -> Mapping[str, set[str]]:
    """Return what an error names, in small letters, by the way it names it; empty where it names nothing."""
    context = error.get("context") or {}
    found: dict[str, set[str]] = {}
    for name in _ABOUT:
        values = context.get(name) or []
        for value in values if isinstance(values, list) else [values]:
            found.setdefault(name, set()).add(str(value).casefold())
    if not found and error.get("id"):
        found["id"] = {str(error["id"]).casefold()}
    return found
