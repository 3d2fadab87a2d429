"""The web layer: headers, bodies, and what is no answer of HubSpot's."""

from __future__ import annotations

import json
import socket
import struct
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from closedloop.sandbox.odoo.engine import CannedError, ResetError
from closedloop.sandbox.parts.consent import PageError
from closedloop.sandbox.xero.server import Server as BaseServer

if TYPE_CHECKING:
    from closedloop.sandbox.hubspot.engine import Engine

JSON = "application/json;charset=utf-8"
HTML = "text/html; charset=utf-8"


class Server(BaseServer):
    """The listening socket."""

    engine: Engine  # type: ignore[assignment]

    def __init__(self, address: tuple[str, int], engine: Engine) -> None:
        super().__init__(address, engine)  # type: ignore[arg-type]
        self.RequestHandlerClass = Handler


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "HubSpot-simulator"
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

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class calls them so

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        engine = self.server.engine
        try:
            if path.startswith("/__control__/"):
                self._control(path, parts.query, body)
            elif path == "/oauth/authorize":
                self._consent(dict(parse_qsl(parts.query)), dict(parse_qsl(body.decode())))
            elif path.startswith("/oauth/"):
                self._json(*engine.token(dict(parse_qsl(body.decode())), path))
            else:
                headers = dict(self.headers.items())
                self._json(*engine.answer(self.command, path, parts.query, headers, body))
        except CannedError as canned:
            self._send(canned.status, canned.body.encode(), canned.kind or HTML, canned.headers)
        except ResetError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    def _control(self, path: str, query: str, body: bytes) -> None:
        given = dict(parse_qsl(query)) | (json.loads(body) if body else {})
        try:
            answered = self.server.engine.control(self.command, path.rpartition("/")[2], given)
        except (KeyError, TypeError, ValueError) as error:
            self._json(400, {"error": f"{type(error).__name__}: {error}"}, {})
        else:
            self._json(200, answered, {})

    def _consent(self, query: dict[str, str], form: dict[str, str]) -> None:
        consents = self.server.engine.identity.consents
        asked = {"response_type": "code"} | query  # HubSpot's page has no other answer to give
        try:
            if self.command == "GET":
                self._send(200, consents.page(asked).encode(), HTML, {})
                return
            back = consents.answered(asked, form)
        except PageError as error:
            self._send(400, f"<p>{error}</p>".encode(), HTML, {})
            return
        self._send(302, b"", HTML, {"Location": back})

    def _json(self, status: int, value: Any, headers: dict[str, str]) -> None:
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        self._send(status, body, JSON, headers)

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", kind)
        if status != 204:  # noqa: PLR2004 - no content has no length
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
