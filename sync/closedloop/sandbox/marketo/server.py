"""The web layer: addresses, headers, forms that stand for a query."""

from __future__ import annotations

import json
import socket
import struct
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from closedloop.sandbox.marketo.bulk_api import File
from closedloop.sandbox.marketo.engine import body_of
from closedloop.sandbox.marketo.errors import MarketoError, PlainError
from closedloop.sandbox.marketo.wire import encode
from closedloop.sandbox.odoo.engine import CannedError, ResetError

if TYPE_CHECKING:
    from closedloop.sandbox.marketo.engine import Engine

JSON, HTML = "application/json;charset=UTF-8", "text/html; charset=utf-8"


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
    server_version = "Marketo-simulator"
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
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer("POST")

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer("DELETE")

    def _answer(self, verb: str) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        try:
            if parts.path.startswith("/__control__/"):
                given = query | (json.loads(content) if content else {})
                self._json(200, self.server.engine.control(verb, parts.path.rpartition("/")[2], given))
            elif parts.path == "/identity/oauth/token":
                self._token(query)
            else:
                self._api(verb, parts.path, query, content)
        except CannedError as canned:
            self._send(canned.status, canned.body.encode(), HTML, canned.headers)
        except ResetError:
            self._reset()
        except (KeyError, TypeError, ValueError) as error:
            self._json(400, {"error": f"{type(error).__name__}: {error}"})

    def _token(self, query: dict[str, str]) -> None:
        status, found = self.server.engine.identity.token(query)
        self._json(status, found)

    def _api(self, verb: str, path: str, query: dict[str, str], content: bytes) -> None:
        engine, kind = self.server.engine, self.headers.get("Content-Type") or ""
        if "form-urlencoded" in kind:
            query |= dict(parse_qsl(content.decode()))
            verb = query.pop("_method", verb)
        try:
            body = body_of(content, kind)
        except MarketoError:
            body = ""
        entry = engine.enter(verb, path, query, body)
        try:
            found = engine.answer(entry, dict(self.headers.items()), query, body)
        except PlainError:
            entry["status"] = 404
            self._send(404, b"File not found", "text/plain")
            return
        if isinstance(found, File):
            entry["status"] = found.status
            self._send(found.status, found.content, "text/csv;charset=UTF-8", found.headers)
            return
        entry["status"] = 200
        self._send(200, encode(found), JSON)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

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
