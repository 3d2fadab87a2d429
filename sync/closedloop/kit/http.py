"""HTTP as every connector needs it: policy from a table, waiting, one re-authentication, counting.

The caller passes time, sleep and session in, so that tests neither wait nor patch.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import requests
import tenacity
from urllib3.exceptions import NewConnectionError

from closedloop.clock import Clock
from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit import policy
from closedloop.kit.policy import Action, Rule, UnknownOutcomeError
from closedloop.log import get_logger

if TYPE_CHECKING:
    from closedloop.kit.pace import Pace

log = get_logger(__name__)

#: Tries where no connection is made at all.
_FEW = 3
#: Names vendors give to the id of a request.
_REQUEST_IDS = ("x-request-id", "x-correlation-id", "request-id", "intuit_tid", "x-hubspot-correlation-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer.

    Args:
        status: HTTP status.
        headers: Case-insensitive.
        content: Body, decoded from its transfer encoding.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """The vendor's id of the request, for their support."""
        return next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), None)

    @property
    def is_html(self) -> bool:
        """Whether a web page came, whatever the header says."""
        declared = self.headers.get("Content-Type", "").lower()
        return "html" in declared or self.content[:64].lstrip().lower().startswith(
            (b"<!doctype html", b"<html")
        )

    @property
    def time(self) -> datetime | None:
        """The server's clock (`Date` header), aware UTC, whole seconds."""
        return _http_date(self.headers.get("Date"))

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            msgspec.DecodeError: It is not JSON.
        """
        return msgspec.json.decode(self.content)


#: Looks at a reply first: a vendor's own failures, also those under status 200. None leaves it to the table.
Classifier = Callable[[Reply], Rule | None]
#: Returns headers; the argument says whether a fresh credential is wanted because the last one was refused.
Authenticator = Callable[[bool], Mapping[str, str]]


class _AgainError(Exception):
    """Inside one request: try again as the rule says."""

    def __init__(
        self,
        rule: Rule,
        *,
        wait: float | None = None,
        request_id: str | None = None,
        never_sent: bool = False,
    ) -> None:
        super().__init__(rule.message)
        self.rule = rule
        self.wait = wait
        self.request_id = request_id
        self.never_sent = never_sent


@dataclass(slots=True, kw_only=True)
class HttpClient:
    """A vendor's API over HTTP.

    Args:
        base_url: Address that paths are appended to; plain http is accepted for loopback only.
        where: What the reader calls this system in errors: ``connections.crm``.
        authenticate: Gives the headers that carry the credential.
        classify: Looks at each reply before the table does.
        headers: Sent with each request.
        timeout: Seconds to connect and to wait for an answer.
        attempts: Tries of one request, the first included.
        max_wait: Longest single wait in seconds: a vendor asking for more fails the stream.
        pace: Spreads the requests over time.
        sleep: Waits; tests pass their own.
        clock: Used where a reply carries no `Date`.
        session: Keeps the connection; tests may pass their own.
        request_count: Requests made so far.
        byte_count: Bytes of the replies so far.
        server_time: The vendor's clock at its newest reply.
    """

    base_url: str
    where: str | None = None
    authenticate: Authenticator | None = None
    classify: Classifier | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: tuple[float, float] = (10.0, 120.0)
    attempts: int = 6
    max_wait: float = 120.0
    pace: Pace | None = None
    sleep: Callable[[float], None] = field(default_factory=lambda: time.sleep)
    clock: Clock = field(default_factory=Clock)
    session: requests.Session = field(default_factory=requests.Session)
    request_count: int = 0
    byte_count: int = 0
    server_time: datetime | None = None

    def __post_init__(self) -> None:
        self.base_url = checked_url(self.base_url, where=self.where)
        self.session.auth = _untouched  # otherwise requests lets ~/.netrc replace our Authorization header
        if is_loopback(self.base_url):
            self.session.trust_env = False  # a proxy cannot reach this machine's own loopback

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = True,
        expect_json: bool = True,
        classify: Classifier | None = None,
    ) -> Reply:
        """Send one request and return its successful reply.

        Args:
            method: HTTP method.
            path: Appended to the base URL.
            json: Body to encode as JSON.
            content: Body as it is.
            params: Query.
            headers: For this request only.
            idempotent: Whether doing it twice is as good as once. If not, it is never repeated once the vendor may
                have seen it.
            expect_json: Whether a web page is a failure.
            classify: Looks at the replies of this request instead of the client's own classifier.

        Raises:
            UnknownOutcomeError: ``idempotent`` is false and the vendor may have carried it out.
            ClosedloopError: What the policy names.
        """
        body = content if json is None else msgspec.json.encode(json)
        sent = {**self.headers, **(headers or {})}
        if json is not None:
            sent.setdefault("Content-Type", "application/json")
        call = _Call(
            method=method,
            path=path,
            body=body,
            params=params,
            headers=sent,
            idempotent=idempotent,
            expect_json=expect_json,
            classify=classify or self.classify,
        )
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=self._is_last,
            wait=_wait,
            sleep=self.sleep,
            before_sleep=self._log_wait,
            reraise=True,
        )
        try:
            return retrying(self._attempt, call)
        except _AgainError as error:
            raise self._error(error.rule, request_id=error.request_id, repeated=True) from None

    def _attempt(self, call: _Call) -> Reply:
        reply = self._send(call)
        rule = _rule(reply, call)
        if rule is None:
            return reply
        if rule.action is Action.REAUTHENTICATE_ONCE and self.authenticate and not call.reauthenticated:
            call.reauthenticated = True
            return self._attempt(call)
        if rule.action in {Action.RETRY, Action.WAIT}:
            self._may_repeat(call, rule, request_id=reply.request_id)
            raise _AgainError(rule, wait=self._asked_wait(reply, rule), request_id=reply.request_id)
        raise self._error(rule, request_id=reply.request_id)

    def _send(self, call: _Call) -> Reply:
        credential = self.authenticate(call.reauthenticated) if self.authenticate else {}
        if self.pace is not None:
            self.pace.wait(self.sleep)
        self.request_count += 1
        try:
            response = self.session.request(
                call.method,
                self.base_url + call.path,
                data=call.body,
                params=call.params,
                headers={**call.headers, **credential},
                timeout=self.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            rule = policy.for_exception(error)
            if rule.action is not Action.RETRY:
                raise self._error(rule) from error
            never_sent = _never_sent(error)
            self._may_repeat(call, rule, never_sent=never_sent)
            raise _AgainError(rule, never_sent=never_sent) from error
        self.byte_count += len(response.content)
        reply = Reply(status=response.status_code, headers=response.headers, content=response.content)
        self.server_time = reply.time or self.server_time
        return reply

    def _may_repeat(
        self, call: _Call, rule: Rule, *, never_sent: bool = False, request_id: str | None = None
    ) -> None:
        if call.idempotent or rule.certain or never_sent:
            return
        msg = f"{rule.message}; the write may have been carried out"
        raise UnknownOutcomeError(
            msg,
            where=self.where,
            fix="it is read back before anything else is written",
            request_id=request_id,
        )

    def _asked_wait(self, reply: Reply, rule: Rule) -> float | None:
        seconds = retry_after(reply.headers.get("Retry-After"), now=reply.time or self.clock.now())
        if seconds is not None and seconds > self.max_wait:
            message = f"{rule.message}; the vendor asks to wait {seconds:.0f} s, more than the {self.max_wait:.0f} s allowed"
            raise rule.error(message, where=self.where, fix=rule.fix, request_id=reply.request_id)
        return rule.pause if seconds is None else seconds

    def _error(self, rule: Rule, *, request_id: str | None = None, repeated: bool = False) -> ClosedloopError:
        message = (
            f"{rule.message}: {urlsplit(self.base_url).netloc.rpartition('@')[2]}"
            if _is_address(rule)
            else rule.message
        )
        message = f"{message}, also after repeating" if repeated else message
        return rule.error(message, where=self.where, fix=rule.fix, request_id=request_id)

    def _is_last(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        # A host that refuses connections or has no name will hardly have one in half a minute.
        few = isinstance(error, _AgainError) and error.never_sent
        return state.attempt_number >= (min(_FEW, self.attempts) if few else self.attempts)

    def _log_wait(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning(
            "http.retry",
            where=self.where,
            reason=str(error),
            attempt=state.attempt_number,
            wait=round(state.upcoming_sleep, 1),
        )


@dataclass(slots=True, kw_only=True)
class _Call:
    method: str
    path: str
    body: bytes | None
    params: Mapping[str, str] | None
    headers: Mapping[str, str]
    idempotent: bool
    expect_json: bool
    classify: Classifier | None
    reauthenticated: bool = False


def _rule(reply: Reply, call: _Call) -> Rule | None:
    rule = call.classify(reply) if call.classify else None
    rule = rule or policy.for_status(reply.status)
    if rule is None and call.expect_json and reply.is_html:
        return policy.HTML
    return rule


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds a `Retry-After` header asks for: a number or an HTTP date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    text = value.strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        moment = _http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def checked_url(url: str, *, where: str | None = None) -> str:
    """Return ``url`` without a trailing slash.

    Raises:
        ConfigError: It is no http(s) address, or it is plain http to another machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"{url!r} is not an address"
        raise ConfigError(msg, where=where, fix="write url as https://host")
    if parts.scheme == "http" and not is_loopback(url):
        message = (
            f"{parts.hostname} would be asked over plain http, which shows the credential to the network"
        )
        raise ConfigError(message, where=where, fix="write url as https://…; http is for this machine only")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Return whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _AgainError) else None
    return asked if asked is not None else tenacity.wait_random_exponential(multiplier=0.5, max=30)(state)


def _is_address(rule: Rule) -> bool:
    return rule.fix == policy.CHECK_ADDRESS


def _never_sent(error: BaseException) -> bool:
    """Whether no connection was made, so that the vendor cannot have seen the request."""
    seen: BaseException | None = error
    while seen is not None:
        reason = getattr(seen.args[0], "reason", None) if seen.args else None
        if isinstance(seen, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _untouched(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _http_date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
