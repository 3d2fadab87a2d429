"""What to do about a failed request, as data: one row for each status or exception.

A connector adds rows of its own, or a classifier for a vendor that answers 200 to a failure; the actions stay these.

    retry                the vendor or the way to it stumbled: again, waiting longer each time
    wait                 the vendor said when: `Retry-After`
    reauthenticate_once  a fresh credential may help, a second time it will not
    stop_run             nothing else of this connection will work either
    fail_stream          this stream cannot go on, the others can
    quarantine_record    this record is refused, its neighbours are not
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import requests

from closedloop.errors import BudgetError, ClosedloopError, ConfigError, PartlyFailedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping


class StreamError(PartlyFailedError):
    """One stream cannot go on; the others can."""


class AccessError(StreamError):
    """The user may not read or write one object."""


class MissingObjectError(StreamError):
    """The vendor does not know this object, method or record."""


class HtmlReplyError(StreamError):
    """A web page came where data was asked for: a proxy, a login page or a maintenance notice answered."""


class RecordError(ClosedloopError):
    """The vendor refuses one record; its neighbours are not touched."""


class UnknownOutcomeError(ClosedloopError):
    """A write may or may not have reached the vendor: read back before anything else."""

    exit_code = 4


class Action(StrEnum):
    """What follows a failed request."""

    RETRY = "retry"
    WAIT = "wait"
    REAUTHENTICATE_ONCE = "reauthenticate_once"
    STOP_RUN = "stop_run"
    FAIL_STREAM = "fail_stream"
    QUARANTINE_RECORD = "quarantine_record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the policy.

    Args:
        action: What to do.
        error: What is raised when the action is to stop, or when it did not help.
        message: What happened, one sentence without the vendor's data.
        fix: What the reader should do.
        certain: For a write: the vendor surely did not carry it out.
        pause: Seconds to wait before the next try where the vendor's answer names none.
    """

    action: Action
    error: type[ClosedloopError]
    message: str
    fix: str | None = None
    certain: bool = True
    pause: float | None = None


CHECK_ADDRESS = "check the url, the network and the proxy"
_PAGE = "check that the url is the API's address, and what stands between: proxy, login page, maintenance"

#: Statuses: https://www.rfc-editor.org/rfc/rfc9110#section-15 and rfc6585 (429).
BY_STATUS: Mapping[int, Rule] = {
    400: Rule(
        action=Action.FAIL_STREAM, error=StreamError, message="the request was refused as malformed (400)"
    ),
    401: Rule(
        action=Action.REAUTHENTICATE_ONCE,
        error=ConfigError,
        message="the credential was refused (401)",
        fix="give a valid credential: it may be mistyped, expired or revoked",
    ),
    402: Rule(action=Action.STOP_RUN, error=BudgetError, message="the vendor asks for payment (402)"),
    403: Rule(
        action=Action.FAIL_STREAM,
        error=AccessError,
        message="access was refused (403)",
        fix="give the API user the right to read this object",
    ),
    404: Rule(
        action=Action.FAIL_STREAM, error=MissingObjectError, message="the vendor does not know it (404)"
    ),
    405: Rule(action=Action.STOP_RUN, error=ConfigError, message="the address is no API (405)", fix=_PAGE),
    408: Rule(
        action=Action.RETRY, error=StreamError, message="the vendor gave up waiting (408)", certain=False
    ),
    409: Rule(
        action=Action.QUARANTINE_RECORD, error=RecordError, message="the record has changed meanwhile (409)"
    ),
    413: Rule(action=Action.FAIL_STREAM, error=StreamError, message="the request is too large (413)"),
    422: Rule(action=Action.QUARANTINE_RECORD, error=RecordError, message="the values were refused (422)"),
    423: Rule(action=Action.RETRY, error=RecordError, message="the record is locked (423)"),
    425: Rule(action=Action.RETRY, error=StreamError, message="asked too early (425)"),
    429: Rule(
        action=Action.WAIT,
        error=StreamError,
        message="the vendor's rate limit is reached (429)",
        fix="run less often, or raise the limit",
    ),
    500: Rule(action=Action.RETRY, error=StreamError, message="the vendor failed (500)", certain=False),
    502: Rule(
        action=Action.RETRY,
        error=StreamError,
        message="the vendor's proxy got no answer (502)",
        certain=False,
    ),
    503: Rule(
        action=Action.WAIT, error=UnreachableError, message="the vendor is not available (503)", certain=False
    ),
    504: Rule(
        action=Action.RETRY, error=StreamError, message="the vendor took too long (504)", certain=False
    ),
}

#: First match wins: narrower classes stand first.
BY_EXCEPTION: tuple[tuple[type[Exception], Rule], ...] = (
    (
        requests.exceptions.SSLError,
        Rule(
            action=Action.STOP_RUN,
            error=ConfigError,
            message="the certificate was not accepted",
            fix="check the host name and the certificates this machine trusts",
        ),
    ),
    (
        requests.exceptions.ProxyError,
        Rule(
            action=Action.RETRY,
            error=UnreachableError,
            message="the proxy does not answer",
            fix=CHECK_ADDRESS,
        ),
    ),
    (
        requests.exceptions.ConnectTimeout,
        Rule(
            action=Action.RETRY, error=UnreachableError, message="the host does not answer", fix=CHECK_ADDRESS
        ),
    ),
    (
        requests.exceptions.ReadTimeout,
        Rule(
            action=Action.RETRY,
            error=StreamError,
            message="no answer within the time limit",
            fix="lower page_size or raise timeout_seconds",
            certain=False,
        ),
    ),
    (
        requests.exceptions.ChunkedEncodingError,
        Rule(action=Action.RETRY, error=StreamError, message="the reply broke off", certain=False),
    ),
    (
        requests.exceptions.ContentDecodingError,
        Rule(action=Action.RETRY, error=StreamError, message="the reply cannot be decoded", certain=False),
    ),
    (
        requests.exceptions.ConnectionError,
        Rule(
            action=Action.RETRY,
            error=UnreachableError,
            message="the host cannot be reached",
            fix=CHECK_ADDRESS,
            certain=False,
        ),
    ),
    (
        requests.exceptions.RequestException,
        Rule(
            action=Action.STOP_RUN, error=ConfigError, message="the address cannot be used", fix=CHECK_ADDRESS
        ),
    ),
)

HTML = Rule(
    action=Action.FAIL_STREAM, error=HtmlReplyError, message="a web page came instead of data", fix=_PAGE
)
REDIRECT = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="the address redirects elsewhere",
    fix="write the final address as url",
)


def for_status(status: int) -> Rule | None:
    """Return the rule for a status, none for success."""
    if status < 300:  # noqa: PLR2004 (RFC 9110)
        return None
    if status < 400:  # noqa: PLR2004
        return REDIRECT
    known = BY_STATUS.get(status)
    if known is not None:
        return known
    return BY_STATUS[500] if status >= 500 else BY_STATUS[400]  # noqa: PLR2004


def for_exception(error: Exception) -> Rule:
    """Return the rule for an exception of `requests`."""
    return next(rule for kind, rule in BY_EXCEPTION if isinstance(error, kind))
