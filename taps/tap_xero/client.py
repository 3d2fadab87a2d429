"""Xero as our streams need it: one organisation, listings by page, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import BudgetError, ConfigError
from closedloop.kit.policy import AccessError, Action, Rule, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from closedloop.kit.http import HttpClient, Reply

BASE = "/api.xro/2.0"
#: A wait longer than this is no minute limit, whatever it is called.
_LONG_WAIT = 120
#: Numbers stay as Xero printed them: a float would lose the last digit of a large amount.
_decode = msgspec.json.Decoder(float_hook=str).decode

_DAY = Rule(
    action=Action.STOP_RUN,
    error=BudgetError,
    message="the organisation's calls of the day are used up (429)",
    fix="the next run goes on; run less often, or raise Xero's tier",
)
_MINUTE = Rule(
    action=Action.WAIT,
    error=StreamError,
    message="Xero's limit of calls a minute or at once is reached (429)",
    fix="run fewer things against this organisation at once",
)
_TENANT = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="the organisation was refused (403)",
    fix="correct tenant_id; the connection may be revoked, or the person who consented has lost the role",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a listing.

    Args:
        rows: As Xero printed them, numbers with a fraction as text.
        total: How many rows the whole listing has; none where Xero does not say.
        pages: How many pages it has; none where Xero does not say.
    """

    rows: list[dict[str, Any]]
    total: int | None = None
    pages: int | None = None


@dataclass(slots=True, kw_only=True)
class Xero:
    """One organisation.

    Args:
        http: Xero's API, with the credential.
        tenant: The organisation's id; found where there is only one.
        day_reserve: Calls of the day that are left to others.
        byte_limit: Most bytes a run may receive: Xero bills what leaves it; none: no limit.
        where: What errors call this connection.
        day_left: Calls left today, as Xero said last.
    """

    http: HttpClient
    tenant: str | None = None
    day_reserve: int = 0
    byte_limit: int | None = None
    where: str | None = None
    day_left: int | None = field(default=None)

    def connections(self) -> list[dict[str, Any]]:
        """Return the organisations that the token opens.

        Raises:
            StreamError: The answer is no list.
        """
        reply = self.http.request(
            "GET", "/connections", headers={"Accept": "application/json"}, classify=self._fault
        )
        found = _decoded(reply)
        if not isinstance(found, list):
            raise StreamError("the list of connections cannot be read", where=self.where)
        return [one for one in found if isinstance(one, dict) and one.get("tenantType") == "ORGANISATION"]

    def organisation(self) -> str:
        """Return the organisation's id.

        Raises:
            ConfigError: Which one is meant is not clear.
        """
        if self.tenant is None:
            found = self.connections()
            if len(found) != 1:
                fix = "set tenant_id to one of: " + ", ".join(str(one.get("tenantId")) for one in found)
                msg = f"the token opens {len(found)} organisations"
                raise ConfigError(
                    msg,
                    where=self.where,
                    fix=fix if found else "closedloop login CONNECTION, and choose an organisation",
                )
            self.tenant = str(found[0].get("tenantId"))
        return self.tenant

    def list(
        self,
        path: str,
        key: str,
        *,
        params: Mapping[str, str] | None = None,
        since: datetime | None = None,
        scope: str = "",
        is_optional: bool = False,
    ) -> Listed:
        """Return one page of a listing.

        Args:
            path: ``/Invoices``.
            key: Name of the list in the answer.
            params: Query.
            since: Only what changed since then; whole seconds.
            scope: What the token must have: named when it lacks it.
            is_optional: A refusal concerns this listing only, not the whole organisation.

        Raises:
            StreamError: The answer does not hold the list.
        """
        self._spare()
        headers = {"Accept": "application/json", "xero-tenant-id": self.organisation()}
        if since is not None:
            headers["If-Modified-Since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        classify = partial(self._fault, scope=scope, is_optional=is_optional)
        reply = self.http.request("GET", BASE + path, params=params, headers=headers, classify=classify)
        found = _decoded(reply)
        rows = found.get(key) if isinstance(found, dict) else None
        if not isinstance(rows, list):
            msg = f"the answer holds no {key}"
            raise StreamError(msg, where=self.where, request_id=reply.request_id)
        pagination = found.get("pagination") or {}
        return Listed(
            rows=[row if isinstance(row, dict) else {"value": row} for row in rows],
            total=_whole(pagination.get("itemCount")),
            pages=_whole(pagination.get("pageCount")),
        )

    def now(self) -> datetime:
        """Return Xero's time at its newest answer."""
        return self.http.server_time or self.http.clock.now()

    def _spare(self) -> None:
        """Stop before the calls of others are used up, or more leaves Xero than was allowed."""
        if self.day_left is not None and self.day_left <= self.day_reserve:
            msg = f"{self.day_left} calls of the day are left, {self.day_reserve} are kept for others"
            raise BudgetError(
                msg,
                where=self.where,
                fix="the next run goes on; lower day_reserve to use them",
            )
        if self.byte_limit is not None and self.http.byte_count >= self.byte_limit:
            msg = f"this run has received the {self.byte_limit} bytes allowed"
            raise BudgetError(
                msg,
                where=self.where,
                fix="the next run goes on; raise byte_limit",
            )

    def _fault(self, reply: Reply, scope: str = "", *, is_optional: bool = False) -> Rule | None:
        left = _whole(reply.headers.get("X-DayLimit-Remaining"))
        self.day_left = self.day_left if left is None else left
        by_status: dict[int, Callable[[Reply], Rule | None]] = {
            400: _malformed,
            401: partial(_credential, scope=scope),
            403: lambda _reply: None if is_optional else _TENANT,
            429: _limit,
        }
        look = by_status.get(reply.status)
        return look(reply) if look else None


def _malformed(reply: Reply) -> Rule | None:
    """Name Xero's own kind of refusal; its message may quote values."""
    try:
        found = _decode(reply.content)
    except msgspec.DecodeError:
        return None
    kind = found.get("Type") if isinstance(found, dict) else None
    if kind not in {"ValidationException", "QueryParseException", "PostDataInvalidException"}:
        return None
    return Rule(
        action=Action.FAIL_STREAM, error=StreamError, message=f"the request was refused: {kind} (400)"
    )


def _credential(reply: Reply, *, scope: str) -> Rule | None:
    """A missing scope answers 401 too; a fresh token would not help."""
    if "insufficient_scope" not in reply.headers.get("WWW-Authenticate", "").lower():
        return None
    return Rule(
        action=Action.FAIL_STREAM,
        error=AccessError,
        message=f"the token lacks the scope {scope or 'for this'}",
        fix=f"add {scope} to the app and consent again" if scope else "add the scope and consent again",
    )


def _limit(reply: Reply) -> Rule:
    problem = reply.headers.get("X-Rate-Limit-Problem", "").lower()
    asked = reply.headers.get("Retry-After", "")
    is_long = asked.isdigit() and int(asked) > _LONG_WAIT
    return _DAY if "day" in problem or is_long else _MINUTE


def _decoded(reply: Reply) -> Any:
    try:
        return _decode(reply.content)
    except msgspec.DecodeError as error:
        raise StreamError("the answer is not JSON", request_id=reply.request_id) from error


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() else None
