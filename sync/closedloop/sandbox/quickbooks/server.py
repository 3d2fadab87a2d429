"""The web layer: routes, headers, faults of the way, and Intuit's two other hosts under paths of this one."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from closedloop.sandbox.parts.consent import PageError
from closedloop.sandbox.quickbooks.errors import QuickBooksError, expired, throttled
from closedloop.sandbox.quickbooks.oauth import GrantError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from closedloop.sandbox.odoo.faults import Fault
    from closedloop.sandbox.quickbooks.oauth import Tokens
    from closedloop.sandbox.quickbooks.service import Service

_API = re.compile(r"/v3/company/(?P<realm>[^/]+)/(?P<rest>.+)")
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_MINUTE = timedelta(minutes=1)
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_PAGE = "<!doctype html>\n<title>Maintenance</title>\n<p>Please come back later.</p>\n"
_OK, _FOUND = 200, 302


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request as the log keeps it."""

    number: int
    method: str
    path: str
    kind: str
    entity: str | None = None
    statement: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    status: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class Server(ThreadingHTTPServer):
    """The listening socket, the log of requests, and the connections that are open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], service: Service, tokens: Tokens) -> None:
        self.service = service
        self.tokens = tokens
        self.log: list[Entry] = []
        self.guard = threading.Lock()
        self._times: list[datetime] = []
        super().__init__(address, Handler)

    def enter(self, method: str, path: str, kind: str) -> Entry:
        """Put a request into the log."""
        with self.guard:
            entry = Entry(number=len(self.log) + 1, method=method, path=path, kind=kind)
            self.log.append(entry)
            return entry

    def is_throttled(self) -> bool:
        """Count a request and return whether it is one too many in this minute."""
        most = self.service.books.oddities.requests_a_minute
        if most is None:
            return False
        with self.guard:
            now = self.service.books.now()
            self._times = [at for at in self._times if at > now - _MINUTE]
            self._times.append(now)
            return len(self._times) > most


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "QuickBooks-simulator"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the server has its own log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header, by the simulator's clock."""
        del timestamp
        return formatdate(self.server.service.books.now().timestamp(), usegmt=True)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        given = dict(parse_qsl(parts.query))
        api = _API.fullmatch(parts.path)
        if api is not None:
            self._api(api["realm"], api["rest"], given, body)
        elif parts.path == "/oauth2/v1/tokens/bearer":
            self._token(dict(parse_qsl(body.decode())))
        elif parts.path == "/connect/oauth2":
            self._consent(given, dict(parse_qsl(body.decode())))
        elif parts.path.startswith("/.well-known/"):
            self._json(_OK, self._discovery())
        else:
            self._send(404, _PAGE.encode(), "text/html")

    def _api(self, realm: str, rest: str, given: dict[str, str], body: bytes) -> None:
        entry = self.server.enter(self.command, rest, rest.partition("/")[0])
        entry.parameters = given
        if entry.kind == "query":
            entry.statement = given.get("query") or body.decode()
            found = _FROM.search(entry.statement)
            entry.entity = found[1] if found else None
        fault = self.server.service.faults.on_the_way("books", entry.entity or entry.kind, entry.kind)
        if fault is not None and self._struck(fault, entry):
            return
        try:
            if self.server.is_throttled():
                raise throttled()
            self.server.tokens.check(self.headers.get("Authorization") or "", realm)
            answer = self._carried_out(rest, given, body, entry)
        except QuickBooksError as error:
            self._refuse(error, entry)
            return
        entry.status = _OK
        self._json(_OK, {**answer, "time": self._now()})

    def _carried_out(self, rest: str, given: Mapping[str, str], body: bytes, entry: Entry) -> dict[str, Any]:
        service = self.server.service
        if entry.kind == "query":
            return service.query(entry.statement or "")
        if entry.kind == "cdc":
            return service.capture(given)
        if entry.kind == "batch":
            return service.batch(json.loads(body))
        name, _, key = rest.partition("/")
        if entry.kind == "reports":
            return service.report(key, given)
        if self.command == "GET":
            return service.one(name, key or "1")
        operation = given.get("operation") or ("void" if given.get("include") == "void" else "update")
        return service.change(name, json.loads(body, parse_float=str), operation)

    def _struck(self, fault: Fault, entry: Entry) -> bool:
        """Carry a fault of the way out; false if it only took time."""
        if fault.kind == "slow":
            sleep(fault.seconds)
            return False
        if fault.kind == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return True
        if fault.kind == "html":
            entry.status = fault.status
            self._send(fault.status, _PAGE.encode(), "text/html; charset=utf-8")
            return True
        errors = {
            "401": expired(),
            "429": throttled(),
            "500": QuickBooksError(
                500, "10000", "An application error has occurred", "Simulated.", kind="SystemFault"
            ),
        }
        self._refuse(errors[fault.kind], entry, retry_after=fault.retry_after)
        return True

    def _refuse(self, error: QuickBooksError, entry: Entry, *, retry_after: str | int | None = None) -> None:
        entry.status = error.status
        headers = {}
        if error.status == 401:  # noqa: PLR2004 (HTTP)
            headers["WWW-Authenticate"] = 'Bearer realm="Intuit", error="invalid_token"'
        wait = retry_after if retry_after is not None else self.server.service.books.oddities.retry_after
        if error.status == 429 and wait is not None:  # noqa: PLR2004 (HTTP)
            headers["Retry-After"] = str(wait)
        self._json(error.status, error.document(self._now()), headers)

    def _token(self, form: Mapping[str, str]) -> None:
        entry = self.server.enter(self.command, "token", "token")
        fault = self.server.service.faults.on_the_way("books", "token", "token")
        if fault is not None and self._struck(fault, entry):
            return
        try:
            answer = self.server.tokens.grant(form, self.headers.get("Authorization") or "")
        except GrantError as error:
            entry.status = error.status
            self._json(error.status, {"error": error.error, "error_description": "Simulated"})
            return
        entry.status = _OK
        self._json(_OK, answer)

    def _consent(self, given: Mapping[str, str], form: Mapping[str, str]) -> None:
        """Show the page, or send the browser back with code, state and the company's id."""
        tokens = self.server.tokens
        try:
            if self.command == "GET":
                self._send(_OK, tokens.consents.page(given).encode(), "text/html; charset=utf-8")
                return
            back = tokens.consents.answered(given, form, realmId=tokens.realm)
        except PageError as error:
            self._send(400, f"<p>{error}</p>".encode(), "text/html; charset=utf-8")
            return
        self._send(_FOUND, b"", "text/plain", {"Location": back})

    def _discovery(self) -> dict[str, str]:
        base = f"http://{self.headers.get('Host')}"
        return {
            "issuer": "https://oauth.platform.intuit.com/op/v1",
            "authorization_endpoint": f"{base}/connect/oauth2",
            "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
            "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
            "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
            "jwks_uri": f"{base}/op/v1/jwks",
        }

    def _now(self) -> str:
        books = self.server.service.books
        return books.now().astimezone(books.zone).isoformat(timespec="milliseconds")

    def _json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        self._send(status, _ENCODE(value), "application/json;charset=utf-8", headers)

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("intuit_tid", f"1-{len(self.server.log):08x}-simulated")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
