"""The web layer: connections, headers, compression."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from closedloop.sandbox.odoo.engine import CannedError, ResetError
from closedloop.sandbox.salesforce.call import Reply

if TYPE_CHECKING:
    import ssl

    from closedloop.sandbox.salesforce.control import Control
    from closedloop.sandbox.salesforce.engine import Engine

HTML = "text/html;charset=UTF-8"
_WORTH_IT = 1000


class Server(ThreadingHTTPServer):
    """The listening socket; it knows its open connections, so that closing leaves none behind."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        engine: Engine,
        control: Control,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.engine = engine
        self.control = control
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

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
    server_version = "Salesforce-simulator"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the engine has its own log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header, by the simulator's clock."""
        now = self.server.engine.org.clock.now().timestamp()
        return formatdate(now if timestamp is None else timestamp, usegmt=True)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._answer()

    def do_PATCH(self) -> None:
        """Answer a PATCH."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer()

    def _answer(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if self.path.startswith("/__control__/"):
                self._send(self._control(body))
            else:
                self._send(self.server.engine.answer(self.command, self.path, headers, body))
        except CannedError as canned:
            self._send(
                Reply(
                    status=canned.status,
                    body=canned.body.encode(),
                    kind=canned.kind or HTML,
                    headers=canned.headers,
                )
            )
        except ResetError:
            self._reset()

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _control(self, body: bytes) -> Reply:
        parts = urlsplit(self.path)
        given = dict(parse_qsl(parts.query)) | (json.loads(body) if body else {})
        try:
            found = self.server.control.answer(self.command, parts.path.rpartition("/")[2], given)
        except (KeyError, TypeError, ValueError) as error:
            found, status = {"error": f"{type(error).__name__}: {error}"}, 400
        else:
            status = 200
        return Reply(status=status, body=json.dumps(found, default=str).encode())

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _send(self, reply: Reply) -> None:
        body, headers = reply.body, dict(reply.headers)
        accepted = self.headers.get("Accept-Encoding") or ""
        if self.server.engine.org.options.compresses and "gzip" in accepted and len(body) > _WORTH_IT:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        self.send_response(reply.status)
        if reply.status != 204:  # noqa: PLR2004 - no content
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.status != 204:  # noqa: PLR2004 - no content
            self.wfile.write(body)
