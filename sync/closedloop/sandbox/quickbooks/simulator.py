"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from closedloop.clock import Clock, world_clock
from closedloop.sandbox.odoo.engine import ShiftedClock
from closedloop.sandbox.odoo.faults import Faults
from closedloop.sandbox.quickbooks.books import Books, Oddities, listed
from closedloop.sandbox.quickbooks.load import fill
from closedloop.sandbox.quickbooks.oauth import Tokens
from closedloop.sandbox.quickbooks.server import Server
from closedloop.sandbox.quickbooks.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from closedloop.sandbox.world import World

_CLIENT, _SECRET = "ABSimulatedClient0123456789", "simulated-secret-0123456789"


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where it listens.
        realm_id: The company.
        client_id: The app that may ask.
        client_secret: Its secret.
        refresh_token: What the first consent gave.
        keys: World key → ``Entity/id``, per kind of record (``customer``, ``document``, ``payment`` …).
        tokens: The tokens that work.
    """

    def __init__(
        self,
        service: Service,
        tokens: Tokens,
        keys: dict[str, dict[str, str]],
        *,
        clock: ShiftedClock,
        port: int,
    ) -> None:
        self._service = service
        self._clock = clock
        self.keys = keys
        self.tokens = tokens
        self.realm_id, self.client_id, self.client_secret = (
            tokens.realm,
            tokens.client_id,
            tokens.client_secret,
        )
        self.refresh_token = tokens.first()
        self._server = Server(("127.0.0.1", port), service, tokens)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.token_url = f"{self.url}/oauth2/v1/tokens/bearer"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def faults(self) -> Faults:
        """The faults that are on."""
        return self._service.faults

    @property
    def settings(self) -> dict[str, str]:
        """What a client must be told to get in."""
        return {
            "url": self.url,
            "token_url": self.token_url,
            "authorize_url": f"{self.url}/connect/oauth2",
            "realm_id": self.realm_id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of requests after number ``since``, oldest first."""
        with self._server.guard:
            return [entry.document() for entry in self._server.log[since:]]

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self._service.books.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self._clock.advance(seconds)

    def records(self, entity: str) -> list[dict[str, Any]]:
        """Return every object of an entity as the company holds it."""
        with self._service.books.lock:
            return listed(self._service.books.tables[entity].values())

    def create(self, entity: str, values: dict[str, Any]) -> str:
        """Create an object as a person would, and return its id."""
        made = self._service.change(entity, values, "create")[entity]
        return str(made["Id"])

    def edit(self, entity: str, record: str, values: dict[str, Any]) -> None:
        """Change an object as a person would."""
        self._service.books.edit(entity, record, values)

    def rewrite(self, entity: str, record: str, values: dict[str, Any]) -> None:
        """Change an object without a trace: neither its token nor its times move."""
        with self._service.books.lock:
            self._service.books.find(entity, record).update(values)

    def void(self, entity: str, record: str) -> None:
        """Void a transaction."""
        self._service.books.void(entity, record)

    def delete(self, entity: str, record: str) -> None:
        """Delete a transaction."""
        self._service.books.delete(entity, record)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(
    world: World,
    *,
    port: int = 0,
    clock: Clock | None = None,
    oddities: Oddities | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> Simulator:
    """Serve ``world``'s ledger as a QuickBooks company and return the running simulator.

    Args:
        world: What the company holds.
        port: Where to listen; 0 lets the system choose.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        oddities: What is not certain of QuickBooks.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or world_clock(start))
    odd = oddities or Oddities()
    books = Books(zone=ZoneInfo(world.zone), now=shifted.now, oddities=odd)
    keys = fill(world, books)
    realm = f"91303500{world.seed:08}"
    tokens = Tokens(client_id=_CLIENT, client_secret=_SECRET, realm=realm, now=shifted.now, oddities=odd)
    service = Service(books=books, faults=Faults())
    for fault in faults:
        service.faults.add(**fault)
    return Simulator(service, tokens, keys, clock=shifted, port=port)
