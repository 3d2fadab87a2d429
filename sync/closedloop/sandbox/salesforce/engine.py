"""The heart of the simulator: every request on its way to a resource, and the log of them."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from closedloop.sandbox.odoo.engine import GARBLED, CannedError, ResetError
from closedloop.sandbox.parts.consent import PageError
from closedloop.sandbox.salesforce.call import Call, Reply, answer, refusal
from closedloop.sandbox.salesforce.composite import Composite
from closedloop.sandbox.salesforce.errors import RefusedError, limit_reached, not_found, session_ended
from closedloop.sandbox.salesforce.jobs import Jobs
from closedloop.sandbox.salesforce.limits import Limits
from closedloop.sandbox.salesforce.oauth import GrantError
from closedloop.sandbox.salesforce.pages import DATABASE
from closedloop.sandbox.salesforce.routes import routes
from closedloop.sandbox.salesforce.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.odoo.faults import Fault
    from closedloop.sandbox.salesforce.routes import Route
    from closedloop.sandbox.salesforce.state import Org

_DATA = re.compile(r"/services/data/v(\d+\.\d)(/.*)?$")
_MOST_BYTES = 16_384
_HTML = "text/html;charset=UTF-8"
_STREAM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_JOB = re.compile(r"/jobs/(?:query|ingest)/(\w+)")
_NAMED = re.compile(r"/(?:sobjects|composite/sobjects)/(\w+)")


class Engine:
    """One org behind the API.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self.org = org
        self.limits = Limits(org.options.daily_limit, org.clock.now)
        self.writer = Writer(org)
        self.jobs = Jobs(org)
        self._routes = routes(
            org, limits=self.limits, writer=self.writer, jobs=self.jobs, composite=Composite(self._part)
        )
        self._log: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log after request number ``since``, oldest first."""
        with self._lock:
            return [dict(entry) for entry in self._log[since:]]

    def answer(self, verb: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer a request.

        Raises:
            CannedError: A fault answers in the org's place.
            ResetError: A fault cuts the connection.
        """
        parts = urlsplit(target)
        entry = self._enter(verb, parts.path)
        try:
            reply = self._oversized(target, headers) or self._dispatch(entry, verb, target, headers, body)
        except RefusedError as error:
            entry["error"] = error.code
            reply = refusal(error)
            reply.headers |= self.limits.header()
        except CannedError as canned:
            entry["status"] = canned.status
            raise
        entry["status"] = reply.status
        return reply

    def _enter(self, verb: str, path: str) -> dict[str, Any]:
        with self._lock:
            entry: dict[str, Any] = {
                "number": len(self._log) + 1,
                "at": self.org.clock.now().isoformat(),
                "method": verb,
                "path": path,
                "api": "data",
                "stream": None,
                "is_write": False,
                "executed": False,
                "status": 0,
                "rows": None,
                "ids": [],
                "fields": [],
                "fault": None,
                "error": None,
            }
            self._log.append(entry)
        return entry

    def _oversized(self, target: str, headers: dict[str, str]) -> Reply | None:
        if len(target) > _MOST_BYTES:
            return Reply(status=414, body=b"<h1>URI Too Long</h1>", kind="text/html")
        size = len(target) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        if size > _MOST_BYTES:
            return Reply(status=431, body=b"<h1>Request Header Fields Too Large</h1>", kind="text/html")
        return None

    def _dispatch(
        self, entry: dict[str, Any], verb: str, target: str, headers: dict[str, str], body: bytes
    ) -> Reply:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path.startswith("/services/oauth2/"):
            if parts.path.endswith("/authorize"):
                return self._consent(entry, verb, query, body)
            return self._oauth(entry, parts.path.rsplit("/", 1)[1], body, headers)
        found = _DATA.match(parts.path)
        version, rest = (found[1], found[2] or "") if found else ("", "")
        if found is None and parts.path.rstrip("/") != "/services/data":
            raise not_found()
        call = Call(
            verb=verb,
            path=parts.path,
            version=version,
            query=query,
            headers=headers,
            body=body,
            entry=entry,
        )
        if found is None:
            return self._routes.versions(call)
        return self._api(call, rest)

    def _api(self, call: Call, rest: str) -> Reply:
        route, values = self._routes.find(call.verb, rest)
        call.entry |= {"api": route.api, "is_write": route.is_write, "stream": self._stream(call)}
        fault = self.org.faults.on_the_way(DATABASE, call.entry["stream"] or "", route.method)
        if fault is not None:
            call.entry["fault"] = fault.kind
            if fault.when == "before":
                self._strike(fault)
        self._admit(call)
        reply = self._carry_out(route, call, [unquote(value) for value in values])
        if fault is not None and fault.when == "after":
            self._strike(fault)
        reply.headers |= self.limits.header()
        return reply

    def _admit(self, call: Call) -> None:
        if not self.org.tokens.check(call.headers.get("authorization", "")):
            raise session_ended()
        if not self.org.options.is_api_enabled:
            message = "The REST API is not enabled for this Organization or Partner"
            raise RefusedError("API_DISABLED_FOR_ORG", message, status=403)
        if not self.limits.enter():
            raise limit_reached(is_daily=True)

    def _carry_out(self, route: Route, call: Call, values: list[str]) -> Reply:
        with self.org.database.lock:
            self.org.database.settle()
            handler: Callable[..., Reply] = route.handler
            try:
                reply = handler(call, *values)
            except RefusedError as error:
                call.entry["error"] = error.code
                return refusal(error)
            call.entry["executed"] = True
            return reply

    def _consent(self, entry: dict[str, Any], verb: str, query: dict[str, str], body: bytes) -> Reply:
        entry["api"] = "oauth"
        consents = self.org.tokens.consents
        try:
            if verb == "GET":
                return Reply(body=consents.page(query).encode(), kind=_HTML)
            back = consents.answered(query, dict(parse_qsl(body.decode())))
        except PageError as error:
            return Reply(status=400, body=f"<p>{error}</p>".encode(), kind=_HTML)
        return Reply(status=302, kind=_HTML, headers={"Location": back})

    def _oauth(self, entry: dict[str, Any], name: str, body: bytes, headers: dict[str, str]) -> Reply:
        entry["api"] = "oauth"
        form = dict(parse_qsl(body.decode()))
        authorization = headers.get("authorization", "")
        if name == "userinfo":
            return self._user(authorization)
        if name == "revoke":
            self.org.tokens.revoke()
            return Reply()
        if name != "token":
            raise not_found()
        entry |= {"stream": "token", "grant": form.get("grant_type")}
        fault = self.org.faults.on_the_way(DATABASE, "token", "token")
        if fault is not None and fault.when == "before":
            self._strike(fault)
        try:
            reply = answer(self.org.tokens.grant(form, authorization))
        except GrantError as error:
            entry["error"] = error.error
            return answer({"error": error.error, "error_description": error.description}, 400)
        if fault is not None:
            self._strike(fault)
        return reply

    def _user(self, authorization: str) -> Reply:
        if not self.org.tokens.check(authorization):
            return Reply(status=403, body=b"Bad_OAuth_Token", kind=_HTML)
        user = self.org.database.get("User", self.org.database.user) or {}
        shown = {
            "sub": f"https://login.salesforce.com/id/{self.org.tokens.organisation}/{user['Id']}",
            "user_id": user["Id"],
            "organization_id": self.org.tokens.organisation,
            "preferred_username": user["Username"],
            "name": user["Name"],
            "email": user["Email"],
            "zoneinfo": user["TimeZoneSidKey"],
            "active": user["IsActive"],
            "user_type": "STANDARD",
        }
        return answer(shown)

    def _strike(self, fault: Fault) -> None:
        if fault.kind == "slow":
            threading.Event().wait(fault.seconds)
        elif fault.kind == "reset":
            raise ResetError
        elif fault.kind == "401":
            raise session_ended()
        elif fault.kind == "429":
            raise limit_reached(is_daily=fault.mode == "daily")
        elif fault.kind == "500":
            message = "An unexpected error occurred. Please include this ErrorId if you contact support: 1"
            raise RefusedError("UNKNOWN_EXCEPTION", message, status=500)
        elif fault.kind == "garbled":
            raise CannedError(200, {}, GARBLED, kind="application/json")
        else:
            raise CannedError(fault.status, {}, "<html><body><h1>Down for Maintenance</h1></body></html>")

    def _part(self, call: Call, verb: str, target: str, body: bytes) -> Reply:
        """Carry out a request that is part of another: it is no call of its own."""
        parts = urlsplit(target)
        found = _DATA.match(parts.path)
        entry = call.entry
        try:
            if found is None:
                raise not_found()
            route, values = self._routes.find(verb, found[2] or "")
            entry["is_write"] = entry["is_write"] or route.is_write
            inner = replace(call, verb=verb, path=parts.path, query=dict(parse_qsl(parts.query)), body=body)
            handler: Callable[..., Reply] = route.handler
            return handler(inner, *[unquote(value) for value in values])
        except RefusedError as error:
            return refusal(error)

    def _stream(self, call: Call) -> str | None:
        """Return the object that a request is about, as far as its address says so."""
        named = _NAMED.search(call.path)
        if named:
            return named[1]
        job = _JOB.search(call.path)
        if job:
            return self.jobs.entity(job[1])
        text = call.query.get("q", "")
        if call.path.endswith("/jobs/query") and call.body:
            text = str(call.record().get("query", ""))
        asked = _STREAM.search(text)
        return asked[1] if asked else None
