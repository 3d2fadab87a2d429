"""What Mailchimp's refusals mean, by status and by the title of its problem document.

Source: the page on errors of Mailchimp's Marketing API. The detail may quote values: it is never printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit.policy import AccessError, Action, Rule, StreamError

if TYPE_CHECKING:
    from closedloop.kit.http import Reply

_KEY = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="Mailchimp does not accept the credential (401)",
    fix="give a valid api_key or access_token: it may be mistyped or revoked, or its user removed; a key of another"
    " data center needs data_center",
)
_DISABLED = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="Mailchimp has disabled the account or its user (403)",
    fix="log in to Mailchimp, which says why",
)
_FORBIDDEN = Rule(
    action=Action.FAIL_STREAM,
    error=AccessError,
    message="Mailchimp refuses access (403)",
    fix="the account's plan may not include it, or the user's role may not see it",
)
#: Mailchimp allows a user ten connections at once, over all keys; at extreme volume it no longer says so in a document.
_BUSY = Rule(
    action=Action.WAIT,
    error=StreamError,
    message="Mailchimp has too many connections of this user",
    fix="run fewer things against this account at once",
)


def fault(reply: Reply) -> Rule | None:
    """Return what to do about a reply; none leaves it to the kit's table."""
    title = _title(reply)
    if reply.status == 401:  # noqa: PLR2004 (RFC 9110)
        return _KEY
    if reply.status == 429 or (reply.status == 403 and title is None):  # noqa: PLR2004
        return _BUSY
    if reply.status == 403:  # noqa: PLR2004
        return _DISABLED if "Disabled" in str(title) or "Deactivated" in str(title) else _FORBIDDEN
    if reply.status in {400, 414}:
        kind = title if title and title.replace(" ", "").isalpha() else "malformed"
        message = f"the request was refused: {kind} ({reply.status})"
        return Rule(action=Action.FAIL_STREAM, error=StreamError, message=message)
    return None


def _title(reply: Reply) -> str | None:
    """Return the title of a problem document; none where the body is none."""
    if reply.status < 400:  # noqa: PLR2004
        return None
    try:
        found = reply.json()
    except msgspec.DecodeError:
        return None
    return str(found.get("title", "")) if isinstance(found, dict) else None
