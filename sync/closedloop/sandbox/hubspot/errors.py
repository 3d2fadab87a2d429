"""What HubSpot says when it refuses."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

POLICIES = {
    "DAILY": "daily",
    "TEN_SECONDLY_ROLLING": "ten_secondly_rolling",
    "SECONDLY": "secondly",
}


@dataclass(slots=True)
class HubError(Exception):
    """A refusal.

    Args:
        status: The status.
        category: HubSpot's word for the kind.
        message: Its sentence.
        more: More keys of the envelope (``errors``, ``context``, ``subCategory``).
        headers: Headers of the answer.
    """

    status: int
    category: str
    message: str
    more: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, number: int) -> dict[str, Any]:
        """Return the envelope of the answer to request ``number``."""
        return {
            "status": "error",
            "message": self.message,
            "correlationId": correlation(number),
            "category": self.category,
            **self.more,
        }


def correlation(number: int) -> str:
    """Return the correlation id of a request."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"request:{number}"))


def not_found(what: str = "resource not found") -> HubError:
    """What is asked for is not there."""
    return HubError(404, "OBJECT_NOT_FOUND", what)


def invalid(message: str, **more: Any) -> HubError:
    """The request is wrong."""
    return HubError(400, "VALIDATION_ERROR", message, more)


def bad_values(problems: list[dict[str, str]]) -> HubError:
    """Values that cannot be written, each with ``name``, ``error`` and ``message``."""
    listed = [{"isValid": False, **one, "localizedErrorMessage": one["message"]} for one in problems]
    details = [
        {
            "message": one["message"],
            "code": one["error"],
            "context": {"propertyName": [one["name"]]},
        }
        for one in problems
    ]
    return invalid(f"Property values were not valid: {json.dumps(listed)}", errors=details)


def limited(policy: str, number: int, *, seconds: str | int | None = None) -> HubError:
    """A limit is reached; ``policy`` is one of ``POLICIES``."""
    more = {"errorType": "RATE_LIMIT", "policyName": policy, "requestId": correlation(number)}
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return HubError(429, "RATE_LIMITS", f"You have reached your {POLICIES[policy]} limit.", more, headers)


def missing_scopes(wanted: tuple[str, ...]) -> HubError:
    """The token may not; ``wanted`` are the scopes of which one is needed."""
    message = "This app hasn't been granted all required scopes to make this call. Read more about required scopes here."
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(wanted)},
    }
    return HubError(403, "MISSING_SCOPES", message, {"errors": [detail]})


def item_error(category: str, message: str, ids: list[str], *, sub: str | None = None) -> dict[str, Any]:
    """Return the error of some inputs of a batch."""
    found: dict[str, Any] = {
        "status": "error",
        "category": category,
        "message": message,
        "context": {"ids": ids},
        "errors": [],
        "links": {},
    }
    if sub is not None:
        found["subCategory"] = sub
    return found
