"""Salesforce's refusals: a list of `errorCode` and `message`; the status alone does not tell them apart.

Over the day's allowance and over the calls at the same time are both 403 ``REQUEST_LIMIT_EXCEEDED``: only the message
says which. Source: Salesforce's pages on REST status codes and on its limits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from closedloop.errors import BudgetError, ConfigError, UnreachableError
from closedloop.kit.policy import AccessError, Action, MissingObjectError, Rule, StreamError
from closedloop.kit.redact import vendor_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import Reply

_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")
_COLUMN = re.compile(r"No such column '([\w.]{1,200})' on (?:entity|sobject of type) '?(\w{1,80})")
_CLIENT_ERROR = 400


class LocatorError(StreamError):
    """The cursor of a query is gone: it starts again behind the last row."""


class HeavyQueryError(StreamError):
    """The query is too much for one request: Bulk may carry it."""


class FieldError(StreamError):
    """A field of the query is not there, or not shown to the user."""


_DAY = Rule(
    action=Action.STOP_RUN,
    error=BudgetError,
    message="the org's calls of the day are used up (403)",
    fix="the next run goes on; run less often, or buy calls",
)
_AT_ONCE = Rule(
    action=Action.WAIT,
    error=UnreachableError,
    message="too many long calls at the same time (403)",
    fix="run fewer integrations against this org at once",
)
_OFF = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="the API is switched off for this user or this org (403)",
    fix="give the user's profile or permission set 'API Enabled'; the edition must have the API",
)


def _stream(message: str, error: type[StreamError] = StreamError, fix: str | None = None) -> Rule:
    return Rule(action=Action.FAIL_STREAM, error=error, message=message, fix=fix)


_GRANT = "give the user's permission set 'Read' and 'View All' on {entity}"
#: Code to rule; ``{entity}`` is the object.
_BY_CODE: Mapping[str, Rule] = {
    "API_DISABLED_FOR_ORG": _OFF,
    "API_CURRENTLY_DISABLED": _OFF,
    "INVALID_LOGIN": _OFF,
    "INVALID_TYPE": _stream(
        "{entity}: the org does not have this object, or does not show it to this user",
        MissingObjectError,
        _GRANT,
    ),
    "NOT_FOUND": _stream(
        "{entity}: Salesforce does not know it (404)",
        MissingObjectError,
        f"{_GRANT}; check api_version",
    ),
    "INSUFFICIENT_ACCESS": _stream(
        "{entity}: access was refused",
        AccessError,
        _GRANT,
    ),
    "INVALID_QUERY_LOCATOR": _stream("{entity}: the query's cursor has ended", LocatorError),
    "QUERY_TIMEOUT": _stream("{entity}: the query took too long", HeavyQueryError),
    "OPERATION_TOO_LARGE": _stream("{entity}: the query is too large for this user", HeavyQueryError),
    "QUERY_TOO_COMPLICATED": _stream("{entity}: the query is too complicated", HeavyQueryError),
    "EXCEEDED_ID_LIMIT": _stream("{entity}: too many ids"),
    "MALFORMED_QUERY": _stream("{entity}: the query was refused (MALFORMED_QUERY)", fix="report it"),
    "UNSUPPORTED_API_VERSION": Rule(
        action=Action.STOP_RUN,
        error=ConfigError,
        message="the org does not have this version of the API",
        fix="lower api_version",
    ),
}
_TOO_LONG = _stream("{entity}: the query does not fit into an address", HeavyQueryError)
_BY_STATUS: Mapping[int, Rule] = {414: _TOO_LONG, 431: _TOO_LONG}


def fault(reply: Reply, entity: str) -> Rule | None:
    """Return what a refusal means; none leaves it to the kit's table."""
    if reply.status < _CLIENT_ERROR:
        return None
    code, message = said(reply)
    rule = _special(code, message) or _BY_CODE.get(code) or _BY_STATUS.get(reply.status)
    if rule is None and code and reply.status in {400, 403}:
        message = f"{{entity}}: refused: {vendor_text(code, limit=60)} ({reply.status})"
        rule = _stream(message, AccessError, _GRANT) if reply.status == 403 else _stream(message)  # noqa: PLR2004
    return None if rule is None else _about(rule, entity or "the org")


def _special(code: str, message: str) -> Rule | None:
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _AT_ONCE if "concurrent" in message.lower() else _DAY
    if code != "INVALID_FIELD":
        return None
    found = _COLUMN.search(message)
    field = f"{found[2]}.{found[1]}" if found else "a field"
    return _stream(
        f"{field} is not there, or not shown to this user",
        FieldError,
        "give the user's permission set 'Read Access' to the field",
    )


def _about(rule: Rule, entity: str) -> Rule:
    return Rule(
        action=rule.action,
        error=rule.error,
        message=rule.message.replace("{entity}", entity),
        fix=rule.fix and rule.fix.replace("{entity}", entity),
        certain=rule.certain,
    )


def said(reply: Reply) -> tuple[str, str]:
    """Return the first code and message of a refusal; the message may quote values and is not for people."""
    try:
        found = msgspec.json.decode(reply.content)
    except msgspec.DecodeError:
        return "", ""
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("errorCode") or ""), str(first.get("message") or "")


def allowance(header: str) -> tuple[int, int] | None:
    """Return the calls used and allowed today, as `Sforce-Limit-Info` says."""
    found = _USAGE.search(header)
    return (int(found[1]), int(found[2])) if found else None
