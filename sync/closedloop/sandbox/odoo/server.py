"""The web layer: routes, headers and the answers that are no Odoo method's."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from closedloop.sandbox.odoo import json2, rpc
from closedloop.sandbox.odoo.database import API_USER
from closedloop.sandbox.odoo.engine import CannedError, Engine, ResetError
from closedloop.sandbox.odoo.errors import OdooError, access_denied, http_error

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.control import Control
    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.odoo.engine import Entry

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
NO_DATABASE = (
    "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested "
    "URL was not found in the server-wide controllers.</p>\n"
)
WRONG_TYPE = "<!doctype html>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n"
NOT_FOUND = "<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
DOC = re.compile(r"/doc-bearer/([a-z0-9_.]+)\.json")
XML = re.compile(r"/xmlrpc(?:/2)?/(common|object)")
ENCODE = msgspec.json.Encoder()
JSON2_SINCE = 19


class Server(ThreadingHTTPServer):
    """The listening socket; it knows its open connections, so that closing leaves none behind."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], engine: Engine, control: Control) -> None:
        self.engine = engine
        self.control = control
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
    server_version = "Odoo-simulator"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the engine has its own log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header, by the simulator's clock."""
        return formatdate(
            self.server.engine.clock.now().timestamp() if timestamp is None else timestamp, usegmt=True
        )

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_PUT(self) -> None:
        """Answer a PUT: no route takes one."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a DELETE: only the controls take one."""
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.path.startswith("/__control__/"):
                self._control(body)
            else:
                self._route(urlsplit(self.path).path, body)
        except CannedError as canned:
            self._send(canned.status, canned.body.encode(), canned.kind or HTML, canned.headers)
        except ResetError:
            self._reset()

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def _control(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        given = dict(parse_qsl(parts.query)) | (json.loads(body) if body else {})
        try:
            self._json(200, self.server.control.answer(self.command, parts.path.rpartition("/")[2], given))
        except (KeyError, TypeError, ValueError, OdooError) as error:
            self._json(400, {"error": f"{type(error).__name__}: {error}"})

    def _route(self, path: str, body: bytes) -> None:
        engine = self.server.engine
        xml = XML.fullmatch(path)
        if xml is not None:
            entry = engine.enter("xmlrpc", path, body)
            with _logged(entry):
                self._send(200, rpc.xml_call(engine, xml[1], body, entry), "text/xml; charset=utf-8")
        elif path == "/jsonrpc":
            entry = engine.enter("jsonrpc", path, body)
            with _logged(entry):
                self._json(200, rpc.json_call(engine, body, entry))
        elif path.startswith("/web/"):
            self._web(path, body)
        elif path.startswith(("/json/2", "/doc-bearer/")) and engine.version[0] >= JSON2_SINCE:
            self._json2(path, body)
        else:
            self._send(404, NOT_FOUND.encode(), HTML)

    def _json2(self, path: str, body: bytes) -> None:
        engine = self.server.engine
        entry = engine.enter("json2", path, body)
        database = self._database()
        if database is None:
            entry.status = 404
            self._send(404, NO_DATABASE.encode(), HTML)
            return
        try:
            with _logged(entry):
                result = self._json2_result(database, path, body, entry)
        except OdooError as error:
            entry.status = error.status
            challenge = {"WWW-Authenticate": "Bearer "} if error.name.endswith("Unauthorized") else {}
            self._json(error.status, error.document(), challenge)
            return
        entry.status = 200
        self._json(200, result)

    def _json2_result(self, database: Database, path: str, body: bytes, entry: Entry) -> Any:
        authorization = self.headers.get("Authorization") or ""
        document = DOC.fullmatch(path)
        if document is not None:
            return json2.reference(self.server.engine, database, document[1], authorization)
        if self.command != "POST":
            raise http_error("NotFound", 404, json2.HINT)
        if (self.headers.get("Content-Type") or "").partition(";")[0].strip() != "application/json":
            raise CannedError(415, {}, WRONG_TYPE)
        return json2.call(
            self.server.engine, database, entry, path=path, body=body, authorization=authorization
        )

    def _database(self) -> Database | None:
        databases = self.server.engine.databases
        name = self.headers.get("X-Odoo-Database")
        if name is None and len(databases) == 1:
            return next(iter(databases.values()))
        return databases.get(name or "")

    def _web(self, path: str, body: bytes) -> None:
        engine = self.server.engine
        if path == "/web/version" and engine.version[0] >= JSON2_SINCE:
            info = rpc.version_info(engine)
            self._json(200, {"version_info": info["server_version_info"], "version": info["server_version"]})
        elif path == "/web/webclient/version_info":
            self._json(200, rpc.envelope(engine, _number(body), lambda: rpc.version_info(engine)))
        elif path == "/web/session/authenticate":
            given = rpc.parse(body)
            answer = rpc.envelope(engine, given.get("id"), lambda: self._session(given["params"]))
            self._json(200, answer, {"Set-Cookie": "session_id=simulated; HttpOnly; Path=/"})
        elif path == "/web/session/destroy":
            self._json(200, {"jsonrpc": "2.0", "id": _number(body), "result": None})
        else:
            self._send(404, NOT_FOUND.encode(), HTML)

    def _session(self, params: dict[str, Any]) -> dict[str, Any]:
        engine = self.server.engine
        name = params["db"]
        if name not in engine.databases or not engine.login(name, params["login"], params["password"]):
            raise access_denied()
        context = {"lang": "en_US", "tz": "UTC", "uid": API_USER}
        return {"uid": API_USER, "db": name, "user_context": context, "username": params["login"]}

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, ENCODE.encode(value), JSON, headers)

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _number(body: bytes) -> Any:
    return rpc.parse(body).get("id") if body else None


class _logged:  # noqa: N801 - reads as the statement it is used in
    """Put the outcome of a request that is not a plain answer into its log entry."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __enter__(self) -> None:
        self._entry.status = 200

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, CannedError):
            self._entry.status = error.status
        elif isinstance(error, ResetError):
            self._entry.status = 0
