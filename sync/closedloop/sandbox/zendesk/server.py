"""The web layer: routes and headers."""

from __future__ import annotations

import json
import socket
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from closedloop.sandbox.parts.consent import PageError
from closedloop.sandbox.zendesk.engine import Answer

if TYPE_CHECKING:
    from closedloop.sandbox.zendesk.engine import Engine

_JSON, _HTML = "application/json; charset=utf-8", "text/html; charset=utf-8"


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
    server_version = "Zendesk-simulator"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Keep quiet: the engine has its own log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header, by the simulator's clock."""
        now = self.server.engine.clock.now().timestamp()
        return formatdate(now if timestamp is None else timestamp, usegmt=True)

    def do_GET(self) -> None:
        """Answer a GET."""
        parts, engine = urlsplit(self.path), self.server.engine
        query = dict(parse_qsl(parts.query))
        if parts.path == "/oauth/authorizations/new":
            self._consent(query, {})
        else:
            self._send(engine.answer(parts.path, query, dict(self.headers.items())))

    def do_POST(self) -> None:
        """Answer a POST: tokens, and what a person presses on the consent page."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parts = urlsplit(self.path)
        is_json = "json" in self.headers.get("Content-Type", "")
        form = json.loads(body) if is_json else dict(parse_qsl(body))
        if parts.path == "/oauth/tokens":
            self._send(self.server.engine.token(form))
        elif parts.path == "/oauth/authorizations/new":
            self._consent(dict(parse_qsl(parts.query)), form)
        else:
            self._send(Answer(404, {"error": "InvalidEndpoint", "description": "Not found"}))

    def _consent(self, query: dict[str, str], form: dict[str, str]) -> None:
        consents = self.server.engine.consents
        try:
            if self.command == "GET":
                self._write(200, consents.page(query).encode(), _HTML, {})
                return
            back = consents.answered(query, form)
        except PageError as error:
            self._write(400, f"<p>{error}</p>".encode(), _HTML, {})
            return
        self._write(302, b"", _HTML, {"Location": back})

    def _send(self, answer: Answer) -> None:
        is_text = isinstance(answer.body, str)
        body = answer.body.encode() if is_text else json.dumps(answer.body).encode()
        self._write(answer.status, body, "text/plain" if is_text else _JSON, answer.headers)

    def _write(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", f"zd-{len(self.server.engine.calls)}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
