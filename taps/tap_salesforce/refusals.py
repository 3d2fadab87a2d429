"""Why Salesforce gave no token, and what the administrator must do: known by `error` and `error_description`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError, UnreachableError
from closedloop.kit.policy import Action, Rule
from closedloop.kit.redact import vendor_text
from tap_salesforce.faults import fault, said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from closedloop.kit.http import Reply

#: Seconds by which the clocks may differ before that is the likely reason.
_SKEW = 60
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
#: The kit's table waits for these.
_PASSING = frozenset({408, 425, 429})


class DeadTokenError(ConfigError):
    """The refresh token is of no use any more."""


_LOGIN = "closedloop login CONNECTION"
_SANDBOX = (
    "write url as the org's own address, https://NAME.my.salesforce.com or "
    "https://NAME--SANDBOX.sandbox.my.salesforce.com; a sandbox has its own apps, users and secrets"
)
_RUN_AS = "in the app's policies switch the client credentials flow on and name the user it runs as"
_APPROVE = (
    "in the app's policies choose 'Admin approved users are pre-authorized' and add the user's profile or "
    "permission set"
)
#: Part of the description or of the code, both in small letters; what happened; what to do. The first match counts.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("expired authorization code", "the assertion had ended before it arrived", ""),
    ("expired access/refresh token", "the refresh token has ended, was revoked, or was used before", _LOGIN),
    ("token validity expired", "the refresh token has ended", _LOGIN),
    ("invalid refresh token", "the refresh token is not known", _LOGIN),
    ("inactive token", "the refresh token was revoked", _LOGIN),
    ("hasn't approved", "the user has not approved the app, or the app was revoked", _APPROVE),
    ("not admin approved", "the user is not approved for the app", _APPROVE),
    ("invalid_app_access", "the user is not approved for the app", _APPROVE),
    ("audience", "the assertion is for another login host: production and sandboxes differ", _SANDBOX),
    ("no client credentials user", "the app has no user to run as", _RUN_AS),
    ("not supported on this domain", "this address gives no tokens of this kind", _SANDBOX),
    (
        "ip restricted",
        "this machine's address is not allowed",
        "allow it in the app's or profile's IP ranges",
    ),
    ("ip_address", "this machine's address is not allowed", "allow it in the app's or profile's IP ranges"),
    ("user is locked", "the user is locked out", "unlock the user in Salesforce's setup"),
    ("inactive user", "the user is not active", "activate the user, or name another"),
    ("inactive_user", "the user is not active", "activate the user, or name another"),
    ("inactive_org", "the org is not active", "ask Salesforce"),
    ("inactive organization", "the org is not active", "ask Salesforce"),
    (
        "unsupported_grant_type",
        "the app does not allow this way in",
        "switch the flow on in the app's settings",
    ),
    ("invalid assertion", "the assertion was refused", "check client_id, username and the app's certificate"),
    ("invalid_client", "the app was refused", f"correct client_id and client_secret; {_RUN_AS}"),
    ("invalid client", "the app was refused", f"correct client_id and client_secret; {_RUN_AS}"),
    ("client identifier", "the app is not known here", f"correct client_id; {_SANDBOX}"),
    ("authentication failure", "the user or the app was refused", _SANDBOX),
)
_OF_GRANT: Mapping[str, str] = {
    "refresh_token": _LOGIN,
    "jwt_bearer": f"check client_id, username, private_key and the app's certificate; {_APPROVE}",
    "client_credentials": f"check client_id and client_secret; {_RUN_AS}",
}


def refusal(reply: Reply, answer: Mapping[str, Any], *, grant: str, now: datetime) -> Rule | None:
    """Return what a refused request for a token means; none where it was not refused.

    Args:
        reply: As it came.
        answer: Its body; empty where that is no JSON object.
        grant: Which way in was tried.
        now: This machine's time.
    """
    if reply.status in _PASSING or said(reply)[0]:  # the data's way of refusing, not the login's
        return fault(reply, "the login")
    if reply.is_html or (_CLIENT_ERROR <= reply.status < _SERVER_ERROR and "error" not in answer):
        return _rule(f"the address gives no tokens ({reply.status})", _SANDBOX)
    if not _CLIENT_ERROR <= reply.status < _SERVER_ERROR:
        return None
    code, described = str(answer.get("error", "")), str(answer.get("error_description", ""))
    if "rate_limit" in code or "rate exceeded" in described.lower():
        return Rule(
            action=Action.STOP_RUN,
            error=UnreachableError,
            message="too many logins in an hour",
            fix="the next run goes on; run less often",
        )
    if grant == "jwt_bearer" and (skewed := _skewed(reply, now)):
        return skewed
    return _named(code, described, grant)


def _skewed(reply: Reply, now: datetime) -> Rule | None:
    """An assertion lives minutes: with a wrong clock it is refused, whatever the description says."""
    if reply.time is None:
        return None
    seconds = round((now - reply.time).total_seconds())
    if abs(seconds) < _SKEW:
        return None
    side = "ahead of" if seconds > 0 else "behind"
    message = f"the assertion was refused: this machine's clock is {abs(seconds)} s {side} Salesforce's"
    return _rule(message, "set this machine's clock: switch time synchronisation (NTP) on")


def _named(code: str, described: str, grant: str) -> Rule:
    text = f"{code} {described}".lower()
    for part, message, fix in _KNOWN:
        if part in text:
            is_dead = fix == _LOGIN
            return _rule(message, fix or _OF_GRANT.get(grant, ""), is_dead=is_dead)
    said = vendor_text(described or code, limit=80)
    return _rule(
        f"no token was given: {said}", _OF_GRANT.get(grant, _SANDBOX), is_dead=code == "invalid_grant"
    )


def _rule(message: str, fix: str, *, is_dead: bool = False) -> Rule:
    error = DeadTokenError if is_dead else ConfigError
    return Rule(action=Action.STOP_RUN, error=error, message=message, fix=fix)
