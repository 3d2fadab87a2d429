"""How Marketo refuses: with a code, and with status 200."""

from __future__ import annotations

from dataclasses import dataclass

MESSAGES = {
    "502": "Bad Gateway",
    "601": "Access token invalid",
    "602": "Access token expired",
    "603": "Access denied",
    "604": "Request timed out",
    "606": "Max rate limit '100' exceeded with in '20' secs",
    "607": "Daily quota reached",
    "608": "API Temporarily Unavailable",
    "609": "Invalid JSON",
    "610": "Requested resource not found",
    "611": "System error",
    "614": "Invalid Subscription",
    "615": "Concurrent access limit reached",
    "701": "A required value is blank",
    "702": "No data found for a given search scenario",
    "703": "The feature is not enabled for the subscription",
    "713": "Transient Error",
    "1029": "Too many jobs in queue",
}


@dataclass(slots=True)
class MarketoError(Exception):
    """A refusal.

    Args:
        code: Marketo's.
        text: Its message; none: the usual one.
    """

    code: str
    text: str | None = None

    @property
    def message(self) -> str:
        """What Marketo says."""
        return self.text or MESSAGES.get(self.code, "Invalid request")


class PlainError(Exception):
    """An answer that is no JSON: a missing file of a bulk extract."""
