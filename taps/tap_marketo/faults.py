"""What Marketo means when it refuses: nearly always by a code in an answer whose status is 200.

Source: Adobe's page on error codes. A message may quote values, so only the code and our own words are passed on, with
Marketo's id of the request, which its support asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import BudgetError, ConfigError, UnreachableError
from closedloop.kit.policy import AccessError, Action, MissingObjectError, Rule, StreamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import Reply

AGAIN = "run again; if it persists, ask Marketo's support"


class TooManyError(StreamError):
    """More rows than a page-by-page read may have, or a value that Marketo does not take (1003)."""


class BusyError(StreamError):
    """Bulk extracts: too many wait already, or this one does."""


class NoBulkError(StreamError):
    """Bulk extract cannot be used: no permission, not in the subscription, or a filter it lacks."""


class QuotaError(StreamError):
    """The bytes of the day for bulk extracts are used up."""


def _again(message: str, *, pause: float | None = None, error: type[StreamError] = StreamError) -> Rule:
    return Rule(action=Action.RETRY, error=error, message=message, fix=AGAIN, certain=False, pause=pause)


_CREDENTIAL = Rule(
    action=Action.REAUTHENTICATE_ONCE,
    error=ConfigError,
    message="the token was refused",
    fix="correct client_id and client_secret; the API user may be gone",
)
_GONE = Rule(action=Action.FAIL_STREAM, error=MissingObjectError, message="Marketo does not have it")
_AWAY = Rule(action=Action.RETRY, error=UnreachableError, message="Marketo is not available", fix=AGAIN)
BY_CODE: Mapping[str, Rule] = {
    "502": _again("Marketo's gateway got no answer"),
    "601": _CREDENTIAL,
    "602": _CREDENTIAL,
    "603": Rule(
        action=Action.FAIL_STREAM,
        error=AccessError,
        message="access was denied",
        fix="give the API user's role the permission, and this machine's address a place on the allow-list",
    ),
    "604": _again("Marketo took too long"),
    "606": Rule(
        action=Action.WAIT,
        error=StreamError,
        message="Marketo's limit of calls in 20 seconds is reached",
        fix="lower calls_in_20_seconds",
        pause=20.0,
    ),
    "607": Rule(
        action=Action.STOP_RUN,
        error=BudgetError,
        message="the subscription's calls of the day are used up",
        fix="the next run after midnight US Central goes on; run less often, or raise the contract's limit",
    ),
    "608": _AWAY,
    "610": _GONE,
    "611": _again("Marketo failed"),
    "614": _AWAY,
    "615": Rule(
        action=Action.WAIT,
        error=StreamError,
        message="Marketo's limit of calls at once is reached",
        fix="run fewer things against this subscription at once",
        pause=5.0,
    ),
    "702": _GONE,
    "713": _again("Marketo failed for a moment"),
    "719": _again("Marketo waited for a lock"),
    "1003": Rule(
        action=Action.FAIL_STREAM, error=TooManyError, message="Marketo refuses so many rows, or a value"
    ),
    "1004": _GONE,
    "1006": Rule(
        action=Action.FAIL_STREAM,
        error=ConfigError,
        message="there is no such field",
        fix="correct lead_fields: closedloop check",
    ),
    "1013": _GONE,
    "1035": Rule(
        action=Action.FAIL_STREAM, error=NoBulkError, message="the subscription does not have this filter"
    ),
}
_BULK: Mapping[str, Rule] = {
    "603": Rule(action=Action.FAIL_STREAM, error=NoBulkError, message="bulk extract is denied"),
    "703": Rule(action=Action.FAIL_STREAM, error=NoBulkError, message="bulk extract is not switched on"),
}
_QUOTA = Rule(
    action=Action.FAIL_STREAM,
    error=QuotaError,
    message="the bytes of the day for bulk extracts are used up",
    fix="the next run after midnight US Central goes on",
)
_QUEUE = Rule(
    action=Action.FAIL_STREAM,
    error=BusyError,
    message="too many bulk extracts wait",
    fix="the next run goes on",
)


@dataclass(slots=True, kw_only=True)
class Faults:
    """Reads answers and keeps the last one's body, which is wanted anyway.

    Args:
        body: Of the newest answer; none where it is no JSON object.
    """

    body: dict[str, Any] | None = None

    def __call__(self, reply: Reply) -> Rule | None:
        """Return what to do about a reply; none leaves it to the kit's table."""
        return self._rule(reply, BY_CODE)

    def of_bulk(self, reply: Reply) -> Rule | None:
        """Return what to do about a reply to a request for a bulk extract."""
        return self._rule(reply, {**BY_CODE, **_BULK, "1029": self._too_many_jobs})

    def _rule(self, reply: Reply, table: Mapping[str, Any]) -> Rule | None:
        self.body = body_of(reply)
        if self.body is None or self.body.get("success") is not False:
            return None
        errors = self.body.get("errors") or [{}]
        code = str(errors[0].get("code") or "") if isinstance(errors[0], dict) else ""
        known = table.get(code)
        rule: Rule = (known(errors[0]) if callable(known) else known) or Rule(
            action=Action.FAIL_STREAM, error=StreamError, message="Marketo refused the request", fix=AGAIN
        )
        said = f"{rule.message} ({code or 'no code'}, request {self.body.get('requestId') or 'without id'})"
        return replace(rule, message=said)

    @staticmethod
    def _too_many_jobs(error: Mapping[str, Any]) -> Rule:
        return _QUOTA if "quota" in str(error.get("message")).lower() else _QUEUE


def body_of(reply: Reply) -> dict[str, Any] | None:
    """Return an answer's JSON object; numbers with a fraction stay as printed."""
    if reply.content.lstrip()[:1] != b"{":
        return None
    try:
        found = _decode(reply.content)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


_decode = msgspec.json.Decoder(float_hook=str).decode
