"""The heart of the simulator: who asks, what for, and what they get."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.engine import CannedError, ResetError, ShiftedClock
from closedloop.sandbox.odoo.faults import Fault, Faults
from closedloop.sandbox.xero.books import KEYS, Books, guid
from closedloop.sandbox.xero.identity import Identity
from closedloop.sandbox.xero.limits import Limits
from closedloop.sandbox.xero.listing import Listings
from closedloop.sandbox.xero.options import BROAD, Options
from closedloop.sandbox.xero.reports import report
from closedloop.sandbox.xero.wire import encode, word

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json; charset=utf-8"
Answer = tuple[int, str, bytes, dict[str, str]]
_PAYMENTS = {"Payments", "Prepayments", "Overpayments"}


class Engine:
    """One organisation behind the API.

    Args:
        books: Its books.
        clock: The simulator's.
        options: How this Xero is.
    """

    def __init__(self, books: Books, clock: ShiftedClock, options: Options) -> None:
        self.books = books
        self.clock = clock
        self.options = options
        self.faults = Faults()
        self.identity = Identity(clock=clock, options=options)
        self.limits = Limits(clock=clock, options=options)
        self.listings = Listings(options, self.faults)
        self.token_requests: list[str] = []
        self._log: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def enter(
        self, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Begin a request in the log."""
        name, _, key = path.partition("/")
        kept = {name.lower(): value for name, value in headers.items() if name.lower() != "authorization"}
        entry: dict[str, Any] = {
            "at": self.clock.now().isoformat(),
            "method": verb,
            "path": f"/{path}",
            "stream": name,
            "id": key or None,
            "query": dict(query),
            "headers": kept,
            "status": 0,
            "rows": None,
            "fault": None,
        }
        with self._lock:
            entry["number"] = len(self._log) + 1
            self._log.append(entry)
        return entry

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log after request number ``since``, oldest first."""
        with self._lock:
            return [dict(entry) for entry in self._log[since:]]

    def count_token(self, grant: str) -> None:
        """Remember that a token was asked for."""
        with self._lock:
            self.token_requests.append(grant)

    def api(
        self,
        entry: dict[str, Any],
        breach: tuple[str, int] | None,
        headers: Mapping[str, str],
        query: Mapping[str, str],
    ) -> Answer:
        """Answer a request to the accounting API."""
        fault = self.faults.on_the_way("xero", entry["stream"], "list")
        if fault is not None:
            entry["fault"] = fault.kind
            if refused := self.strike(fault):
                return refused
        if breach is not None:
            return _limited(*breach)
        lowered = {name.lower(): value for name, value in headers.items()}
        refused = self._refused(_scope(entry["stream"], entry["id"]), lowered)
        if refused is not None:
            return refused
        return self._found(entry, lowered, query)

    def strike(self, fault: Fault) -> Answer | None:
        """Let a fault of the way answer; ``slow`` only waits."""
        if fault.kind == "slow":
            threading.Event().wait(fault.seconds)
            return None
        if fault.kind == "reset":
            raise ResetError
        if fault.kind == "401":
            return _unauthorised("TokenExpired: token expired")
        if fault.kind == "500":
            return 500, "text/plain", b"An error occurred", {}
        if fault.kind == "429":
            problem = "day" if fault.mode == "day" else "minute"
            return _limited(problem, int(fault.retry_after or 0))
        raise CannedError(fault.status, {}, "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>")

    def refusal(self, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the body that refuses a credential; none if it is good."""
        lowered = {name.lower(): value for name, value in headers.items()}
        refused = self._token_refused(lowered)
        return json.loads(refused[2]) if refused else None

    def connections(self) -> list[dict[str, Any]]:
        """Return the organisations that the consent covers."""
        at = "2026-04-20T11:47:10.3365440"
        return [
            {
                "id": guid(f"connection:{place}"),
                "authEventId": guid("consent"),
                "tenantId": self.tenant(place),
                "tenantType": "ORGANISATION",
                "tenantName": self.books.world.company if not place else f"Other company {place}",
                "createdDateUtc": at,
                "updatedDateUtc": at,
            }
            for place in range(self.options.tenants)
        ]

    @staticmethod
    def tenant(place: int = 0) -> str:
        """Return an organisation's id."""
        return guid("organisation") if not place else guid(f"organisation:{place}")

    def _token_refused(self, headers: Mapping[str, str]) -> Answer | None:
        held = self.identity.access.get(headers.get("authorization", "").removeprefix("Bearer "))
        if held is None:
            return _unauthorised("AuthenticationUnsuccessful")
        if held.until < self.clock.now():
            return _unauthorised(f"TokenExpired: token expired at {held.until.isoformat()}")
        return None

    def _refused(self, scope: str, headers: Mapping[str, str]) -> Answer | None:
        refused = self._token_refused(headers)
        if refused is not None:
            return refused
        held = self.identity.access[headers["authorization"].removeprefix("Bearer ")]
        tenant = headers.get("xero-tenant-id", "")
        if tenant != self.tenant() and not (held.own and not tenant):
            body = {"Type": None, "Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"}
            return (
                403,
                JSON,
                json.dumps({**body, "Instance": guid("instance"), "Extensions": {}}).encode(),
                {},
            )
        if not {scope, scope.removesuffix(".read"), BROAD.get(scope, scope)} & self.options.scopes:
            answer = _unauthorised("AuthorizationUnsuccessful")
            return (*answer[:3], {"WWW-Authenticate": 'insufficient_scope error="insufficient_scope"'})
        return None

    def _found(self, entry: dict[str, Any], headers: Mapping[str, str], query: Mapping[str, str]) -> Answer:
        name, key = entry["stream"], entry["id"]
        with self.listings.lock:
            if name == "Reports":
                return self._report(entry, query)
            if name not in KEYS or (key and key not in self.books.tables[name]):
                return 404, "text/plain", b"The resource you're looking for cannot be found", {}
            table = self.books.tables[name]
            if key:
                found: dict[str, Any] = {_plural(name): [table[key]]}
            else:
                found = self.listings.answer(name, table, query, headers.get("if-modified-since"))
                found[_plural(name)] = found.pop(name)
            entry["rows"] = len(found[_plural(name)])
            if self.options.answers_xml and "json" not in headers.get("accept", ""):
                return 200, "text/xml; charset=utf-8", b"<Response><Status>OK</Status></Response>", {}
            return 200, JSON, self._whole(entry, found), {}

    def _whole(self, entry: dict[str, Any], found: dict[str, Any]) -> bytes:
        head = {"Id": guid(f"answer:{entry['number']}"), "Status": "OK", "ProviderName": "closedloop"}
        return encode({**head, "DateTimeUTC": word(self.clock.now()), **found})

    def _report(self, entry: dict[str, Any], query: Mapping[str, str]) -> Answer:
        found = report(self.books, entry["id"] or "", query, self.options, self.clock.now())
        if found is None:
            return 404, "text/plain", b"The resource you're looking for cannot be found", {}
        entry["rows"] = 1
        return 200, JSON, self._whole(entry, {"Reports": [found]}), {}

    def edit(self, table: str, key: str, values: Mapping[str, Any], *, touches: bool = True) -> None:
        """Change a row as a person would; ``touches`` is false for the changes that Xero does not stamp."""
        with self.listings.lock:
            row = self.books.tables[table][key]
            row.update(values)
            if touches:
                row["UpdatedDateUTC"] = self.clock.now()

    def control(self, verb: str, name: str, given: dict[str, Any]) -> Any:
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
        if (verb, name) == ("POST", "edit"):
            self.edit(given["stream"], given["id"], _typed(given["values"]))
            return {"id": given["id"]}
        if (verb, name) == ("GET", "state"):
            rows = {table: len(found) for table, found in self.books.tables.items()}
            return {"now": self.clock.now().isoformat(), "requests": len(self._log), "rows": rows}
        raise KeyError(name)


def _plural(name: str) -> str:
    return "Organisations" if name == "Organisation" else name


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that came as JSON as the books hold them."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in {"Date", "DueDate"} and isinstance(value, str):
            found[name] = date.fromisoformat(value)
        elif name.endswith("UTC") and isinstance(value, str):
            found[name] = datetime.fromisoformat(value).astimezone(UTC)
        else:
            found[name] = Decimal(str(value)) if isinstance(value, float) else value
    return found


def _scope(stream: str, key: str | None) -> str:
    if stream == "Reports":
        return f"accounting.reports.{(key or '').lower()}.read"
    if stream in _PAYMENTS:
        return "accounting.payments.read"
    named = {
        "Invoices": "invoices",
        "CreditNotes": "invoices",
        "Contacts": "contacts",
        "ManualJournals": "manualjournals",
        "BankTransactions": "banktransactions",
    }
    return f"accounting.{named.get(stream, 'settings')}.read"


def _unauthorised(detail: str) -> Answer:
    body = {"Type": None, "Title": "Unauthorized", "Status": 401, "Detail": detail}
    return 401, JSON, json.dumps({**body, "Instance": guid("instance"), "Extensions": {}}).encode(), {}


def _limited(problem: str, seconds: int) -> Answer:
    """A breach of the limit of calls at once names no time to wait."""
    headers = {"X-Rate-Limit-Problem": problem}
    if problem != "concurrent":
        headers["Retry-After"] = str(seconds)
    return 429, "text/plain", b"", headers
