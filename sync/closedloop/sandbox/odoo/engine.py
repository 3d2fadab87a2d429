"""The heart of the simulator: databases, users, the log of requests, and every call on its way to a model."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.database import API_USER
from closedloop.sandbox.odoo.errors import OdooError, access_denied, http_error, value_error
from closedloop.sandbox.odoo.faults import Fault, Faults
from closedloop.sandbox.odoo.listing import Pages
from closedloop.sandbox.odoo.methods import REQUIRED, Call, Method, find, run

if TYPE_CHECKING:
    from closedloop.clock import Clock
    from closedloop.sandbox.odoo.database import Database

LOGIN, PASSWORD = "admin", "admin"  # the simulator is on loopback and holds an invented world


class ShiftedClock:
    """A clock that can be moved forward by hand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self._clock.now().astimezone(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._ahead += timedelta(seconds=seconds)


class ResetError(Exception):
    """The connection is to be reset instead of answered."""


@dataclass(slots=True)
class CannedError(Exception):
    """An answer that no Odoo wrote: a proxy's page, or what an answer that was cut off left."""

    status: int
    headers: dict[str, str]
    body: str
    kind: str | None = None  # content type; none: a page


#: JSON that ends too early.
GARBLED = '[{"id": 7'

#: Methods that change something.
_WRITES = frozenset({"write", "create", "unlink", "load"})


@dataclass(slots=True, kw_only=True)
class Entry:
    """A request as the simulator's log keeps it: no values, only their digest."""

    number: int
    at: str
    api: str
    path: str
    database: str | None = None
    model: str | None = None
    method: str | None = None
    ids: list[Any] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    digest: str = ""
    status: int = 0
    rows: int | None = None
    executed: bool = False
    fault: str | None = None


class Engine:
    """Databases by name, with what is common to the three ways to call them."""

    def __init__(
        self,
        databases: dict[str, Database],
        api_keys: dict[str, str],
        clock: ShiftedClock,
        *,
        version: tuple[int, int] = (19, 0),
    ) -> None:
        self.databases = databases
        self.api_keys = api_keys
        self.clock = clock
        self.version = version
        self.faults = Faults()
        self._pages = Pages(self.faults)
        self._log: list[Entry] = []
        self._lock = threading.Lock()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log after request number ``since``, oldest first."""
        with self._lock:
            return [{**asdict(entry), "is_write": entry.method in _WRITES} for entry in self._log[since:]]

    def enter(self, api: str, path: str, body: bytes) -> Entry:
        """Begin a request in the log."""
        digest = hashlib.sha256(body).hexdigest()
        with self._lock:
            at = self.clock.now().isoformat()
            entry = Entry(number=len(self._log) + 1, at=at, api=api, path=path, digest=digest)
            self._log.append(entry)
        return entry

    def login(self, database: str, login: str, secret: str) -> int | bool:
        """Return the user's id, or ``False`` where name or password are wrong (RPC answers just that)."""
        return API_USER if login == LOGIN and self.trusted(database, secret) else False

    def trusted(self, database: str, secret: str) -> bool:
        """Return whether ``secret`` is the user's password or API key in ``database``."""
        return secret in {PASSWORD, self.api_keys[database]}

    def demand_login(self, database: str, user: object, secret: str) -> None:
        """Check what every RPC call carries.

        Raises:
            OdooError: AccessDenied.
        """
        if user != API_USER or not self.trusted(database, secret):
            raise access_denied()

    def method(self, database: Database, model: str, name: str) -> Method:
        """Return a public method.

        Raises:
            KeyError: The model does not exist.
            OdooError: The method is private, or does not exist (an AttributeError).
        """
        if model not in database.models:
            raise KeyError(model)
        found = find(model, name)
        if found is None:
            message = f"The method '{model}.{name}' does not exist"
            raise value_error(message, "AttributeError")
        return found

    def carry_out(self, method: Method, call: Call, entry: Entry) -> Any:
        """Run a call through the faults and into the database.

        Raises:
            OdooError: The call fails, or a fault says so.
            CannedError: A fault answers in the server's place.
            ResetError: A fault cuts the connection.
        """
        _note(entry, call)
        fault = self.faults.on_the_way(call.database.name, call.model, call.method)
        if fault is not None:
            entry.fault = fault.kind
            if fault.when == "before":
                self._strike(fault)
        with call.database.lock:
            self._pages.prepare(call)
            result = run(method, call)
        entry.executed = True
        entry.rows = len(result) if isinstance(result, list) else None
        if fault is not None and fault.when == "after":
            self._strike(fault)
        return result

    def _strike(self, fault: Fault) -> None:
        if fault.kind == "slow":
            threading.Event().wait(fault.seconds)
        elif fault.kind == "reset":
            raise ResetError
        elif fault.kind == "401":
            raise http_error("Unauthorized", 401, "Invalid apikey")
        elif fault.kind == "500":
            raise OdooError("builtins.RuntimeError", "the server failed on request", status=500)
        elif fault.kind == "429":
            after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            raise CannedError(429, after, "<html><body><h1>Too Many Requests</h1></body></html>")
        elif fault.kind == "garbled":
            raise CannedError(200, {}, GARBLED, kind="application/json")
        else:
            raise CannedError(fault.status, {}, "<html><body><h1>Bad Gateway</h1></body></html>")


def _note(entry: Entry, call: Call) -> None:
    entry.database, entry.model, entry.method = call.database.name, call.model, call.method
    entry.ids = list(call.ids)
    given = call.arguments
    if call.method == "write" and isinstance(given["vals"], dict):
        entry.fields = sorted(given["vals"])
    if call.method == "load" and ".id" in given["fields"]:
        at = given["fields"].index(".id")
        rows = (row for row in given["data"] if isinstance(row, list) and len(row) > at)
        entry.ids = [int(row[at]) for row in rows if str(row[at]).isdigit()]
    if call.method == "load":
        entry.fields = [name for name in given["fields"] if name != ".id"]


def complete(method: Method, named: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with defaults filled in.

    Raises:
        TypeError: One is unknown or missing, in the words of Python's own signatures.
    """
    for name in named:
        if name not in method.parameters:
            message = f"got an unexpected keyword argument {name!r}"
            raise TypeError(message)
    arguments = {**method.parameters, **named}
    for name, value in arguments.items():
        if value is REQUIRED:
            message = f"missing a required argument: {name!r}"
            raise TypeError(message)
    return arguments
