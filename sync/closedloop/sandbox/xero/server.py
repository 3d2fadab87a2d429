"""The web layer: routes, headers and refusals."""

from __future__ import annotations

import json
import socket
import struct
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from closedloop.sandbox.odoo.engine import CannedError, ResetError
from closedloop.sandbox.parts.consent import PageError
from closedloop.sandbox.xero.identity import TokenError
from closedloop.sandbox.xero.listing import QueryError

if TYPE_CHECKING:
    from closedloop.sandbox.xero.engine import Engine

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Server(ThreadingHTTPServer):
    """The listening socket; it knows its open connections, so that closing leaves none behind."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], engine: Engine) -> None:
        self.engine = engine
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and serve it in a thread of its own."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        with self._guard:
            held = list(self._open)
        for connection in held:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Xero-simulator"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the engine has its own log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header, by the simulator's clock."""
        now = self.server.engine.clock.now().timestamp()
        return formatdate(now if timestamp is None else timestamp, usegmt=True)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        try:
            if parts.path.startswith("/__control__/"):
                given = query | (json.loads(body) if body else {})
                self._json(
                    200, self.server.engine.control(self.command, parts.path.rpartition("/")[2], given)
                )
            elif parts.path.startswith("/api.xro/2.0/"):
                self._api(parts.path.removeprefix("/api.xro/2.0/"), query)
            else:
                self._other(parts.path, query, body)
        except CannedError as canned:
            self._send(canned.status, canned.body.encode(), HTML, canned.headers)
        except ResetError:
            self._reset()
        except (KeyError, TypeError, ValueError) as error:
            self._json(400, {"error": f"{type(error).__name__}: {error}"})

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _api(self, path: str, query: dict[str, str]) -> None:
        engine = self.server.engine
        entry = engine.enter(self.command, path, query, dict(self.headers.items()))
        breach = engine.limits.enter()
        try:
            status, kind, body, headers = engine.api(entry, breach, dict(self.headers.items()), query)
        except QueryError as error:
            number = 16 if error.args[0] == "QueryParseException" else 10
            found = {"ErrorNumber": number, "Type": error.args[0], "Message": error.args[1]}
            status, kind, body, headers = 400, JSON, json.dumps(found).encode(), {}
        finally:
            engine.limits.leave()
        entry["status"] = status
        self._send(status, body, kind, engine.limits.headers() | headers)

    def _other(self, path: str, query: dict[str, str], body: bytes) -> None:
        engine = self.server.engine
        if path == "/identity/connect/authorize":
            self._consent(query, dict(parse_qsl(body.decode())))
        elif path == "/connect/token":
            self._token(dict(parse_qsl(body.decode())))
        elif path == "/connect/revocation":
            engine.identity.revoke(dict(parse_qsl(body.decode())).get("token", ""))
            self._send(200, b"", JSON)
        elif path.lower() == "/connections":
            refusal = engine.refusal(dict(self.headers.items()))
            self._json(401, refusal) if refusal else self._json(200, engine.connections())
        else:
            self._send(404, b"The resource you're looking for cannot be found", "text/plain")

    def _consent(self, query: dict[str, str], form: dict[str, str]) -> None:
        consents = self.server.engine.identity.consents
        try:
            if self.command == "GET":
                self._send(200, consents.page(query).encode(), HTML)
                return
            back = consents.answered(query, form)
        except PageError as error:
            self._send(400, f"<p>{error}</p>".encode(), HTML)
            return
        self._send(302, b"", HTML, {"Location": back})

    def _token(self, form: dict[str, str]) -> None:
        engine = self.server.engine
        engine.count_token(form.get("grant_type", ""))
        fault = engine.faults.on_the_way("xero", "token", "token")
        if fault is not None and fault.when == "before":
            engine.strike(fault)
        try:
            answer = engine.identity.token(form, self.headers.get("Authorization") or "")
        except TokenError as error:
            self._json(400, {"error": str(error)})
            return
        if fault is not None:
            engine.strike(fault)
        self._json(200, answer)

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value, default=str).encode(), JSON)

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
