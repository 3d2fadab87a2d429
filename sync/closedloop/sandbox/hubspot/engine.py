"""The heart of the simulator: who asks, what for, and what they get."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from closedloop.sandbox.hubspot import (  # the modules register their routes
    associations,
    attendance_api,
    batch,
    campaign_api,
    engagement_api,
    event_api,
    objects,
    search,
    settings,
)
from closedloop.sandbox.hubspot.errors import HubError, correlation, invalid, limited
from closedloop.sandbox.hubspot.identity import Identity
from closedloop.sandbox.hubspot.limits import Limits
from closedloop.sandbox.hubspot.pages import DATABASE, Pages
from closedloop.sandbox.hubspot.routes import Call, Found, find
from closedloop.sandbox.hubspot.wire import APP_ID
from closedloop.sandbox.odoo.engine import GARBLED, CannedError, ResetError
from closedloop.sandbox.odoo.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.hubspot.account import Account

Answer = tuple[int, Any, dict[str, str]]
HANDLERS = (
    associations, attendance_api, batch, campaign_api, engagement_api, event_api, objects, search, settings,
)  # fmt: skip
_BAD_GATEWAY = "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"


class Engine:
    """One account behind the API.

    Args:
        account: The account.

    Attributes:
        control: Answers ``/__control__/``: verb, name and arguments.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.clock = account.clock
        self.faults = Faults()
        self.pages = Pages(self.faults)
        self.identity = Identity(clock=account.clock, options=account.options)
        self.limits = Limits(clock=account.clock, options=account.options, zone=account.world.zone)
        self.control: Callable[[str, str, dict[str, Any]], Any] = _no_control
        self._log: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log after request number ``since``, oldest first."""
        with self._lock:
            return [dict(entry) for entry in self._log[since:]]

    def answer(self, verb: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request to the API.

        Raises:
            CannedError: What somebody between us and HubSpot answers.
            ResetError: The connection is to be reset.
        """
        entry = self._enter(verb, path, query)
        lowered = {name.lower(): value for name, value in headers.items()}
        token = lowered.get("authorization", "").removeprefix("Bearer ")
        extra: dict[str, str] = {}
        try:
            found = find(verb, path)
            entry |= {"stream": found.stream, "operation": found.route.method, "version": found.version}
            entry["is_write"] = found.route.method == "write"
            status, answered = self._served(entry, found, token, body, extra)
        except HubError as error:
            status, answered = error.status, error.body(entry["number"])
            extra |= error.headers
        entry["status"] = status
        extra["X-HubSpot-Correlation-Id"] = correlation(entry["number"])
        return status, answered, extra

    def token(self, form: Mapping[str, str], path: str) -> Answer:
        """Answer the OAuth server's paths; ``token`` is the faults' name for a request for a token."""
        entry = self._enter("POST", path, "")
        step = path.rstrip("/").rpartition("/")[2]
        entry |= {"stream": "token", "operation": form.get("grant_type", step)}
        fault = self.faults.on_the_way(DATABASE, "token", "token")
        try:
            if fault is not None and fault.when == "before":
                self._strike(fault, entry)
            answered = self._tokens(step, form)
            if fault is not None and fault.when != "before":
                self._strike(fault, entry)
        except HubError as error:
            entry["status"] = error.status
            return error.status, error.body(entry["number"]), error.headers
        entry["status"] = 200
        return 200, answered, {}

    def _tokens(self, step: str, form: Mapping[str, str]) -> dict[str, Any] | None:
        if step == "introspect":
            return self.identity.introspect(form)
        if step == "revoke":
            self.identity.revoke(form.get("token", ""))
            return None
        return self.identity.token(form)

    def _enter(self, verb: str, path: str, query: str) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "at": self.clock.now().isoformat(),
            "method": verb,
            "path": path,
            "query": query,
            "stream": None,
            "operation": None,
            "version": None,
            "is_write": False,
            "executed": False,
            "status": 0,
            "rows": None,
            "fault": None,
        }
        with self._lock:
            entry["number"] = len(self._log) + 1
            self._log.append(entry)
        return entry

    def _served(
        self,
        entry: dict[str, Any],
        found: Found,
        token: str,
        body: bytes,
        extra: dict[str, str],
    ) -> tuple[int, Any]:
        if len(entry["path"]) + len(entry["query"]) > self.account.options.url_limit:
            raise HubError(414, "URI_TOO_LONG", "URI Too Long")
        fault = self.faults.on_the_way(DATABASE, found.stream, found.route.method)
        if fault is not None and fault.when == "before":
            self._strike(fault, entry)
        self.identity.demand(token)
        searches = found.route.method == "search" and found.kind is not None
        policy = self.limits.enter(searches=searches)
        entry["used"] = self.limits.used()
        if not searches:
            extra |= self.limits.headers(daily=self.identity.is_private(token))
        if policy is not None:
            raise limited(policy, entry["number"])
        found.demand(self.account.options.scopes)
        answered = self._handled(entry, found, body)
        if fault is not None and fault.when != "before":
            self._strike(fault, entry)
        return answered

    def _handled(self, entry: dict[str, Any], found: Found, body: bytes) -> tuple[int, Any]:
        call = Call(
            account=self.account,
            pages=self.pages,
            entry=entry,
            version=found.version,
            query=parse_qs(entry["query"], keep_blank_values=True),
            body=_parsed(body),
            source=("INTEGRATION", str(APP_ID)),
        )
        with self.account.lock:
            try:
                status, answered = found.route.handler(call, **found.params)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                message = f"Invalid input JSON: {type(error).__name__} {error}"
                raise invalid(message) from error
            entry["executed"] = True
            return status, None if answered is None else msgspec.json.encode(answered)

    def _strike(self, fault: Fault, entry: dict[str, Any]) -> None:
        """Let a fault of the way answer; ``slow`` only waits. ``mode`` of a 429 may be a policy."""
        entry["fault"] = fault.kind
        if fault.kind == "slow":
            threading.Event().wait(fault.seconds)
            return
        if fault.kind == "reset":
            raise ResetError
        if fault.kind == "401":
            message = "The OAuth token used to make this call expired 3 second(s) ago."
            raise HubError(401, "EXPIRED_AUTHENTICATION", message)
        if fault.kind == "500":
            raise HubError(500, "INTERNAL_ERROR", "internal error")
        if fault.kind == "429":
            policy = {"day": "DAILY", "second": "SECONDLY"}.get(fault.mode, "TEN_SECONDLY_ROLLING")
            raise limited(policy, entry["number"], seconds=fault.retry_after)
        if fault.kind == "garbled":
            raise CannedError(200, {}, GARBLED, kind="application/json")
        raise CannedError(fault.status, {}, _BAD_GATEWAY)


def _no_control(_verb: str, name: str, _given: dict[str, Any]) -> Any:
    raise KeyError(name)


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        raise invalid("Invalid input JSON") from None
