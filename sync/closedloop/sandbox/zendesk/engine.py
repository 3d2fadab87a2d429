"""What the simulated Zendesk does: exports, listings, the search's counts, limits and tokens."""

from __future__ import annotations

import base64
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.parts.consent import Consents
from closedloop.sandbox.zendesk.desk import printed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.zendesk.desk import Desk, Row
    from closedloop.sandbox.zendesk.options import Options

CLIENT_ID, CLIENT_SECRET = "closedloop", "a-secret-of-the-simulator"
API_USER, API_TOKEN = "admin@example.com", "an-api-token"
_MINUTE = 60
_REFRESH_LIFE = timedelta(days=30)


@dataclass(slots=True)
class Answer(Exception):  # noqa: N818 (an answer that ends the request early, whether an error or not)
    """An answer.

    Args:
        status: HTTP status.
        body: What is encoded as JSON; text goes out as it is.
        headers: More headers.
    """

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Engine:
    """One account.

    Args:
        desk: What it holds.
        clock: The simulator's.
        options: How this Zendesk is.
        url: Where it listens.
        canned: Answers that come first, whatever is asked.
    """

    desk: Desk
    clock: ShiftedClock
    options: Options
    url: str = ""
    canned: deque[Answer] = field(default_factory=deque)
    calls: list[dict[str, Any]] = field(default_factory=list)
    token_requests: list[str] = field(default_factory=list)
    consents: Consents = field(init=False)
    _access: dict[str, datetime] = field(default_factory=dict)
    _refresh: dict[str, datetime] = field(default_factory=dict)
    _made: dict[str, list[datetime]] = field(default_factory=lambda: {"": [], "exports": []})
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.consents = Consents(
            client_id=CLIENT_ID, company="a support desk", now=self.clock.now, life=timedelta(seconds=120)
        )

    # Tokens

    def token(self, form: Mapping[str, Any]) -> Answer:
        """Answer a request for a token."""
        grant = str(form.get("grant_type"))
        with self._lock:
            self.token_requests.append(grant)
            if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
                return Answer(
                    401, {"error": "invalid_client", "error_description": "Client authentication failed"}
                )
            if grant == "client_credentials":
                return Answer(200, self._granted(form))
            good = self.consents.redeemed({k: str(v) for k, v in form.items()}) if grant == "authorization_code" else (
                self._refresh.pop(str(form.get("refresh_token")), self._past) > self.clock.now()
            )  # fmt: skip
            if not good:
                return Answer(400, {"error": "invalid_grant", "error_description": "The grant is invalid"})
            return Answer(200, {**self._granted(form), "refresh_token": self.refresh_token()})

    @property
    def _past(self) -> datetime:
        return self.clock.now() - timedelta(days=1)

    def refresh_token(self) -> str:
        """Return a new refresh token, as after a consent."""
        made = f"refresh-{len(self.token_requests)}-{len(self._refresh)}-{id(self) % 997}"
        self._refresh[made] = self.clock.now() + _REFRESH_LIFE
        return made

    def access_token(self) -> str:
        """Return a new access token."""
        made = f"access-{len(self._access) + 1}-{len(self.token_requests)}"
        self._access[made] = self.clock.now() + timedelta(seconds=self.options.token_life)
        return made

    def _granted(self, form: Mapping[str, Any]) -> dict[str, Any]:
        scope = str(form.get("scope") or "read")
        return {
            "access_token": self.access_token(),
            "token_type": "bearer",
            "scope": scope,
            "expires_in": min(
                int(form.get("expires_in") or self.options.token_life), self.options.token_life
            ),
        }

    def _demand_credential(self, headers: Mapping[str, str]) -> None:
        kind, _, given = headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            pair = base64.b64decode(given).decode()
            if self.options.api_tokens and pair == f"{API_USER}/token:{API_TOKEN}":
                return
            raise Answer(401, {"error": "Couldn't authenticate you"})
        if self._access.get(given, self._past) <= self.clock.now():
            description = (
                "The access token provided is expired, revoked, malformed or invalid for other reasons."
            )
            raise Answer(401, {"error": "invalid_token", "error_description": description})

    # Requests

    def answer(self, path: str, query: dict[str, str], headers: Mapping[str, str]) -> Answer:
        """Answer a request for data."""
        with self._lock:
            self.calls.append({"path": path, **query})
            try:
                if self.canned:
                    return self.canned.popleft()
                self._demand_credential(headers)
                self._demand_calls(path)
                return self._routed(path.removesuffix(".json").removeprefix("/api/v2/").split("/"), query)
            except Answer as ended:
                return ended

    def _routed(self, steps: list[str], query: dict[str, str]) -> Answer:
        if steps[0] == "incremental":
            self._demand_scope(steps[1])
            return (
                self._by_cursor(steps[1], query) if steps[-1] == "cursor" else self._by_time(steps[1], query)
            )
        if steps == ["search", "count"]:
            return self._counted(query.get("query", ""))
        if steps == ["users", "me"]:
            return Answer(200, {"user": {"id": 1, "role": "admin", "name": "Admin", "email": API_USER}})
        if steps[0] in self.desk.tables:
            self._demand_scope(steps[0])
            return self._many(steps[0], query) if steps[1:] == ["show_many"] else self._listed(steps, query)
        raise Answer(404, {"error": "InvalidEndpoint", "description": "Not found"})

    def _demand_calls(self, path: str) -> None:
        is_export = path.startswith("/api/v2/incremental/")
        for family, limit in (("", self.options.minute_limit), ("exports", self.options.export_limit)):
            if family and not is_export:
                continue
            now = self.clock.now()
            made = self._made[family] = [
                one for one in self._made[family] if now - one < timedelta(seconds=_MINUTE)
            ]
            if len(made) >= limit:
                wait = max(1, _MINUTE - int((now - made[0]).total_seconds()))
                said = "Number of allowed API requests per minute exceeded"
                body = {"error": "APIRateLimitExceeded", "description": said}
                raise Answer(
                    429, body if self.options.limit_body == "json" else said, {"Retry-After": str(wait)}
                )
            made.append(now)

    def _demand_scope(self, kind: str) -> None:
        if not {"read", f"{kind}:read"} & self.options.scopes:
            said = f"Missing the following required scopes: {kind}:read"
            raise Answer(403, {"error": "Forbidden", "description": said})

    # Exports

    def _exported(self, kind: str) -> list[tuple[int, int]]:
        """Return (second, id) of what an export may show, in its order: not the last minute."""
        end = int(self.clock.now().timestamp()) - _MINUTE
        found = [(at, number) for (of, number), at in self.desk.generated.items() if of == kind and at <= end]
        return sorted(found)

    def _start(self, query: Mapping[str, str]) -> int:
        start = int(query.get("start_time", "-1"))
        if start < 0:
            raise Answer(400, {"error": "StartTimeMissing", "description": "You must provide a start_time"})
        if start > int(self.clock.now().timestamp()) - _MINUTE:
            said = "Too recent start_time. Use a start_time older than 60 seconds"
            raise Answer(self.options.too_young, {"error": "InvalidValue", "description": said})
        return start

    def _size(self, query: Mapping[str, str]) -> int:
        return min(int(query.get("per_page", "1000")), self.options.page_size)

    def _by_cursor(self, kind: str, query: dict[str, str]) -> Answer:
        if kind == "organizations":
            raise Answer(404, {"error": "InvalidEndpoint", "description": "Not found"})
        if "cursor" in query:
            try:
                at, _, number = base64.b64decode(query["cursor"]).decode().partition("|")
                after = (int(at), int(number))
            except ValueError as error:
                raise Answer(422, {"error": "InvalidValue", "description": "Invalid cursor"}) from error
        else:
            after = (self._start(query), 0)
        found = [one for one in self._exported(kind) if one > after]
        page = found[: self._size(query)]
        last = page[-1] if page else after
        cursor = base64.b64encode(f"{last[0]}|{last[1]}".encode()).decode()
        rows = self._rows(kind, page)
        address = f"{self.url}/api/v2/incremental/{kind}/cursor.json?cursor={cursor}"
        body = {kind: rows, "after_url": address, "after_cursor": cursor, "before_url": None, "before_cursor": None,
                "end_of_stream": len(found) <= len(page)}  # fmt: skip
        if kind == "tickets" and self.options.side_loads and "metric_sets" in query.get("include", ""):
            body["metric_sets"] = [
                {"ticket_id": row["id"], "solved_at": row["updated_at"]} for row in rows if row["status"] in {"solved", "closed"}
            ]  # fmt: skip
        return Answer(200, body)

    def _by_time(self, kind: str, query: dict[str, str]) -> Answer:
        start = self._start(query)
        found = [one for one in self._exported(kind) if one[0] >= start]
        page = found[: self._size(query)]
        end = page[-1][0] if page else start
        body = {
            kind: self._rows(kind, page), "count": len(page), "end_time": end, "end_of_stream": len(found) <= len(page),
            "next_page": f"{self.url}/api/v2/incremental/{kind}.json?start_time={end}",
        }  # fmt: skip
        return Answer(200, body)

    def _rows(self, kind: str, found: list[tuple[int, int]]) -> list[Row]:
        address = f"{self.url}/api/v2/{kind}"
        more = ({"generated_timestamp": at} if kind == "tickets" else {} for at, _ in found)
        return [
            {"url": f"{address}/{number}.json", **self.desk.tables[kind][number], **extra}
            for (_, number), extra in zip(found, more, strict=True)
        ]

    # Listings

    def _visible(self, kind: str) -> list[Row]:
        """Return what a plain listing shows: nothing deleted."""
        rows = self.desk.tables[kind].values()
        return [
            row for row in rows
            if row.get("status") != "deleted" and row.get("active") is not False and not row.get("deleted_at")
            and not row.get("deleted")
        ]  # fmt: skip

    def _listed(self, steps: list[str], query: dict[str, str]) -> Answer:
        kind = steps[0]
        if len(steps) > 1:
            row = self.desk.tables[kind].get(int(steps[1])) if steps[1].isdigit() else None
            if row is None:
                raise Answer(404, {"error": "RecordNotFound", "description": "Not found"})
            return Answer(200, {kind.removesuffix("s"): row})
        size, after = min(int(query.get("page[size]", "100")), 100), int(query.get("page[after]", "0"))
        since = printed(datetime.fromtimestamp(int(query.get("start_time", "0")), tz=self.clock.now().tzinfo))
        found = [row for row in self._visible(kind) if row["id"] > after and row["updated_at"] >= since]
        page = found[:size]
        has_more = len(found) > len(page)
        cursor = str(page[-1]["id"]) if page else None
        more = f"&start_time={query['start_time']}" if "start_time" in query else ""
        following = f"{self.url}/api/v2/{kind}.json?page[size]={size}&page[after]={cursor}{more}"
        meta = {"has_more": has_more, "after_cursor": cursor, "before_cursor": None}
        return Answer(
            200, {kind: page, "meta": meta, "links": {"next": following if has_more else None, "prev": None}}
        )

    def _many(self, kind: str, query: Mapping[str, str]) -> Answer:
        wanted = {int(one) for one in query.get("ids", "").split(",") if one.isdigit()}
        return Answer(200, {kind: [row for row in self._visible(kind) if row["id"] in wanted]})

    def _counted(self, query: str) -> Answer:
        if not self.options.has_search:
            raise Answer(403, {"error": "Forbidden", "description": "You do not have access to this page"})
        words = query.split()
        kind = next(word.removeprefix("type:") for word in words if word.startswith("type:")) + "s"
        until = next((word.removeprefix("created<=") for word in words if word.startswith("created<=")), "9")
        return Answer(200, {"count": sum(row["created_at"] <= until for row in self._visible(kind))})
