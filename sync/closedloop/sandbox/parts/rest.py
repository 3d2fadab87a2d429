"""What simulators of JSON interfaces share: a log, faults on the way and in listings, a web layer, start and end."""

from __future__ import annotations

import abc
import json
import socket
import struct
import threading
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from closedloop.sandbox.odoo.engine import CannedError, ResetError
from closedloop.sandbox.odoo.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    from closedloop.sandbox.odoo.engine import ShiftedClock

JSON = "application/json; charset=utf-8"
_BAD_GATEWAY = "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: JSON, or bytes of another kind."""

    value: Any
    status: int = 200
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RefusedError(Exception):
    """The vendor refuses: its answer."""

    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request."""

    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    entry: Row


class RestEngine(abc.ABC):
    """One account behind an interface.

    Args:
        clock: The simulator's.
    """

    def __init__(self, clock: ShiftedClock) -> None:
        self.clock = clock
        self.faults = Faults()
        self.lock = threading.RLock()
        self._kept: dict[int, list[Row]] = {}
        self._log: list[Row] = []

    @abc.abstractmethod
    def served(self, asked: Asked) -> Answer:
        """Return what the vendor answers.

        Raises:
            RefusedError: It refuses.
        """

    @abc.abstractmethod
    def struck(self, fault: Fault) -> Answer:
        """Return what the vendor answers under a ``401``, ``429`` or ``500``."""

    def stream_of(self, path: str) -> str:
        """Return what faults and the log call a listing."""
        return path.strip("/").rpartition("/")[2]

    def requests(self, since: int = 0) -> list[Row]:
        """Return the log after request number ``since``, oldest first."""
        with self.lock:
            return [dict(entry) for entry in self._log[since:]]

    def answer(self, verb: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request.

        Raises:
            CannedError: What somebody between us and the vendor answers.
            ResetError: The connection is to be reset.
        """
        entry = self._enter(verb, path, query)
        lowered = {name.lower(): value for name, value in headers.items()}
        given = dict(parse_qsl(query, keep_blank_values=True))
        asked = Asked(verb=verb, path=path, query=given, headers=lowered, body=body, entry=entry)
        fault = self.faults.on_the_way("", entry["stream"], verb)
        try:
            found = self._strike(fault, entry) if fault is not None else None
            if found is None:
                with self.lock:
                    found = self.served(asked)
        except RefusedError as refused:
            found = refused.answer
        entry["status"] = found.status
        return found

    def _enter(self, verb: str, path: str, query: str) -> Row:
        entry: Row = {
            "at": self.clock.now().isoformat(),
            "method": verb,
            "path": path,
            "stream": self.stream_of(path),
            "query": dict(parse_qsl(query, keep_blank_values=True)),
            "is_write": verb != "GET",
            "status": 0,
            "rows": None,
            "fault": None,
        }
        with self.lock:
            entry["number"] = len(self._log) + 1
            self._log.append(entry)
        return entry

    def _strike(self, fault: Fault, entry: Row) -> Answer | None:
        """Let a fault of the way answer; ``slow`` only waits."""
        entry["fault"] = fault.kind
        if fault.kind == "slow":
            threading.Event().wait(fault.seconds)
            return None
        if fault.kind == "reset":
            raise ResetError
        if fault.kind == "html":
            raise CannedError(fault.status, {}, _BAD_GATEWAY)
        return self.struck(fault)

    def window(self, stream: str, rows: list[Row], start: int, size: int) -> list[Row]:
        """Return a page of a listing as the faults of the data leave it; its count goes on telling the truth."""
        shown = rows
        faults = self.faults.of_the_data("", stream, "GET")
        for fault in faults:
            if fault.kind == "drop_row" and rows and fault.strikes():
                [hidden] = self._kept.setdefault(id(fault), [rows[min(len(rows), size) // 2]])
                shown = [row for row in shown if row is not hidden]
            elif fault.kind == "freeze_cursor" and fault.strikes():
                shown = shown[: max(1, len(shown) // 2)]
        found = shown[start : start + size]
        for fault in faults:
            if fault.kind == "short_page" and len(found) > 1 and fault.strikes():
                found = found[:-1]
            elif fault.kind == "repeat_page":
                found = self._repeated(found, fault)
        return found

    def _repeated(self, found: list[Row], fault: Fault) -> list[Row]:
        """Answer with the page before."""
        before = self._kept.get(id(fault))
        if fault.strikes() and before:
            return before
        self._kept[id(fault)] = found
        return found

    def control(self, verb: str, name: str, given: Row) -> Any:
        """Carry out one of the simulator's own controls.

        Raises:
            KeyError: There is no such control, or an argument is missing.
        """
        if (verb, name) == ("GET", "requests"):
            return self.requests(int(given.get("since", 0)))
        if (verb, name) == ("POST", "faults"):
            fault = self.faults.add(**given)
            return {key: value for key, value in asdict(fault).items() if key not in {"ids", "page"}}
        if (verb, name) == ("DELETE", "faults"):
            return self.faults.clear()
        if (verb, name) == ("POST", "advance"):
            self.clock.advance(float(given["seconds"]))
            return {"now": self.clock.now().isoformat()}
        raise KeyError(name)


class Server(ThreadingHTTPServer):
    """The listening socket; it knows its open connections, so that closing leaves none behind."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], engine: RestEngine) -> None:
        self.engine = engine
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

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


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
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
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        try:
            if path.startswith("/__control__/"):
                self._send(self._controlled(path, parts.query, body))
            else:
                headers = dict(self.headers.items())
                self._send(self.server.engine.answer(self.command, path, parts.query, headers, body))
        except CannedError as canned:
            kind = "text/html; charset=utf-8"
            self._send(
                Answer(value=canned.body.encode(), status=canned.status, kind=kind, headers=canned.headers)
            )
        except ResetError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class calls them so

    def _controlled(self, path: str, query: str, body: bytes) -> Answer:
        given = dict(parse_qsl(query)) | (json.loads(body) if body else {})
        try:
            return Answer(value=self.server.engine.control(self.command, path.rpartition("/")[2], given))
        except (KeyError, TypeError, ValueError) as error:
            return Answer(value={"error": f"{type(error).__name__}: {error}"}, status=400)

    def _send(self, answer: Answer) -> None:
        value = answer.value
        body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        self.send_response(answer.status)
        if body:
            self.send_header("Content-Type", answer.kind)
        if answer.status != 204:  # noqa: PLR2004 - no content has no length
            self.send_header("Content-Length", str(len(body)))
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


class Running:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, engine: RestEngine, *, host: str, port: int) -> None:
        self._engine = engine
        self._server = Server((host, port), engine)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def faults(self) -> Faults:
        """The faults that are on; ``model`` is what the log calls ``stream``, ``method`` the HTTP verb."""
        return self._engine.faults

    def requests(self, since: int = 0) -> list[Row]:
        """Return the log of requests after number ``since``, oldest first; ``is_write`` marks writes."""
        return self._engine.requests(since)

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self._engine.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self._engine.clock.advance(seconds)

    def close(self) -> None:
        """Stop listening and end every connection."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
