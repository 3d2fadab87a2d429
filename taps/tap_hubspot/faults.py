"""What HubSpot means when it refuses: its limits, its scopes, its words for a credential.

Sources: HubSpot's usage guidelines (headers, policies), the error envelope of its API descriptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import BudgetError, ConfigError
from closedloop.kit.policy import AccessError, Action, Rule, StreamError

if TYPE_CHECKING:
    from closedloop.kit.http import Reply


class TooLongError(StreamError):
    """The address is longer than HubSpot takes: fewer properties must be asked for at once."""


_DAY = Rule(
    action=Action.STOP_RUN,
    error=BudgetError,
    message="HubSpot's calls of the day are used up (429)",
    fix="the next run goes on after midnight of the account's time zone; run less often, or raise the limit",
)
_ROLLING = Rule(
    action=Action.WAIT,
    error=StreamError,
    message="HubSpot's limit of calls in ten seconds is reached (429)",
    fix="run fewer things against this account at once",
    pause=10.0,
)
_SECONDLY = Rule(
    action=Action.WAIT,
    error=StreamError,
    message="HubSpot's limit of searches a second is reached (429)",
    fix="run fewer things against this account at once",
    pause=1.0,
)
_MOVING = Rule(
    action=Action.WAIT, error=StreamError, message="HubSpot moves the account to another data centre (477)"
)
_LONG = Rule(action=Action.FAIL_STREAM, error=TooLongError, message="the address is too long")
_UNKNOWN_TOKEN = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="HubSpot does not know the token (401)",
    fix="give a valid access_token, or log in again: the app may have been uninstalled or its token rotated",
)
#: Longer than this is no burst, whatever it is called.
_LONG_WAIT = 120
#: "Expired" so many days ago means that the token cannot be decoded at all.
_UNDECODABLE = "1970-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Reads refusals.

    Args:
        scope: What the request needs: named when the token lacks it.
    """

    scope: str = ""

    def __call__(self, reply: Reply) -> Rule | None:
        """Return what to do about a reply; none leaves it to the kit's table."""
        if reply.status < 400:  # noqa: PLR2004 (RFC 9110)
            return None
        if reply.status in {414, 431}:
            return _LONG
        if reply.status == 477:  # noqa: PLR2004 (HubSpot's own)
            return _MOVING
        look = {400: _malformed, 401: _credential, 403: self._refused, 429: _limit}.get(reply.status)
        return look(reply, body_of(reply)) if look else None

    def _refused(self, reply: Reply, body: dict[str, Any]) -> Rule:
        del reply
        scopes = _scopes(body) or self.scope
        if str(body.get("category")) == "MISSING_SCOPES":
            return Rule(
                action=Action.FAIL_STREAM,
                error=AccessError,
                message=f"the token lacks the scope {scopes or 'for this'} (403)",
                fix=f"add the scope {scopes} to the app, then install it again or take its new token",
            )
        return Rule(
            action=Action.FAIL_STREAM,
            error=AccessError,
            message="HubSpot refuses access (403)",
            fix="the account's subscription may not include it"
            + (f"; the scope is {scopes}" if scopes else ""),
        )


def body_of(reply: Reply) -> dict[str, Any]:
    """Return the body of a refusal; empty where it is no JSON object."""
    try:
        found = reply.json()
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}


def _scopes(body: dict[str, Any]) -> str:
    found: list[str] = []
    for error in body.get("errors") or ():
        context = error.get("context") if isinstance(error, dict) else None
        for name, values in (context or {}).items():
            if "scope" in name.lower() and isinstance(values, list):
                found += [str(value) for value in values]
    return " or ".join(dict.fromkeys(found))


def _malformed(reply: Reply, body: dict[str, Any]) -> Rule:
    """Name HubSpot's category; its message may quote values."""
    del reply
    kind = " ".join(
        str(body[name]) for name in ("category", "subCategory") if isinstance(body.get(name), str)
    )
    return Rule(
        action=Action.FAIL_STREAM,
        error=StreamError,
        message=f"the request was refused: {kind or 'malformed'} (400)",
        fix="check the properties named in the settings: closedloop check",
    )


def _credential(reply: Reply, body: dict[str, Any]) -> Rule | None:
    """An expired token is worth a fresh one; one that HubSpot cannot read is not."""
    del reply
    category = str(body.get("category"))
    is_garbage = category == "EXPIRED_AUTHENTICATION" and _UNDECODABLE in str(body.get("context"))
    return _UNKNOWN_TOKEN if category == "INVALID_AUTHENTICATION" or is_garbage else None


def _limit(reply: Reply, body: dict[str, Any]) -> Rule:
    policy = str(body.get("policyName") or "").upper()
    message = str(body.get("message") or "").lower()
    asked = reply.headers.get("Retry-After", "")
    if "DAILY" in policy or "daily" in message or (asked.isdigit() and int(asked) > _LONG_WAIT):
        return _DAY
    if policy == "SECONDLY" or (" secondly limit" in message):
        return _SECONDLY
    return _ROLLING
