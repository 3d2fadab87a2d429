"""What Eventbrite's refusals mean, by its own word in `error`.

Source: the table of errors in Eventbrite's API documentation. Its own sentence may quote values: it is never printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from closedloop.errors import BudgetError, ConfigError
from closedloop.kit.policy import AccessError, Action, MissingObjectError, Rule, StreamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import Reply


class LostPlaceError(StreamError):
    """Eventbrite no longer knows where we were in a listing: it must be begun anew."""


class ExpansionError(StreamError):
    """Eventbrite cannot say what belongs to the records of a listing; without that the listing would come."""


_TOKEN = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="Eventbrite does not accept the token",
    fix="give a valid access_token: it may be mistyped, or its app or user may be gone",
)
_HOUR = Rule(
    action=Action.STOP_RUN,
    error=BudgetError,
    message="Eventbrite's calls of the hour are used up (429)",
    fix="the next run goes on; run less often, or lower calls_a_run",
)
#: Eventbrite names no time to wait; a short one that stands there all the same is worth waiting.
_SHORT = Rule(action=Action.WAIT, error=BudgetError, message="Eventbrite asks to wait (429)")
_ARGUMENT = Rule(
    action=Action.FAIL_STREAM,
    error=StreamError,
    message="Eventbrite refuses the question (400)",
    fix="report it: the API may have changed",
)
_BY_WORD: Mapping[str, Rule] = {
    **dict.fromkeys(("INVALID_AUTH", "INVALID_AUTH_HEADER", "NO_AUTH", "ACCESS_DENIED"), _TOKEN),
    **dict.fromkeys(("ARGUMENTS_ERROR", "INVALID_ARGUMENT", "BAD_PAGE", "BAD_REQUEST"), _ARGUMENT),
    "NOT_AUTHORIZED": Rule(
        action=Action.FAIL_STREAM,
        error=AccessError,
        message="the token's user may not read this (403)",
        fix="give the user a role in the organization that may see attendees and orders",
    ),
    "BAD_CONTINUATION_TOKEN": Rule(
        action=Action.FAIL_STREAM,
        error=LostPlaceError,
        message="Eventbrite no longer knows where the listing stood",
        fix="run again",
    ),
    "EXPANSION_FAILED": Rule(
        action=Action.FAIL_STREAM,
        error=ExpansionError,
        message="Eventbrite cannot say what belongs to the events (500)",
        fix="run again; if it persists, ask Eventbrite's support",
    ),
    "PERMANENTLY_MOVED": Rule(
        action=Action.FAIL_STREAM, error=MissingObjectError, message="it was merged into another one (301)"
    ),
}
_LONG_WAIT = 120


def fault(reply: Reply) -> Rule | None:
    """Return what to do about a reply; none leaves it to the kit's table."""
    if reply.status < 300:  # noqa: PLR2004 (RFC 9110)
        return None
    if reply.status == 429:  # noqa: PLR2004 (RFC 6585)
        asked = reply.headers.get("Retry-After", "")
        return _SHORT if asked.isdigit() and int(asked) <= _LONG_WAIT else _HOUR
    rule = _BY_WORD.get(_word(reply))
    return _TOKEN if rule is None and reply.status == 401 else rule  # noqa: PLR2004


def _word(reply: Reply) -> str:
    try:
        found = reply.json()
    except msgspec.DecodeError:
        return ""
    return str(found.get("error")) if isinstance(found, dict) else ""
