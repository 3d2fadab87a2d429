"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Self

from closedloop.clock import Clock, world_clock
from closedloop.sandbox.odoo.engine import ShiftedClock
from closedloop.sandbox.xero.books import Books, fill_contacts, fill_settings
from closedloop.sandbox.xero.documents import Documents
from closedloop.sandbox.xero.engine import Engine
from closedloop.sandbox.xero.identity import CLIENT_ID, CLIENT_SECRET
from closedloop.sandbox.xero.options import Options
from closedloop.sandbox.xero.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from closedloop.sandbox.odoo.faults import Faults
    from closedloop.sandbox.world import World


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where API and identity server listen.
        tenant: The organisation's id.
        client_id: The app that is known.
        client_secret: Its secret.
        keys: World key → ``object/id``, per kind of record (``customer``, ``document`` …).
    """

    client_id, client_secret = CLIENT_ID, CLIENT_SECRET

    def __init__(self, engine: Engine, *, host: str, port: int) -> None:
        self.engine = engine
        self.keys = engine.books.keys
        self.tenant = engine.tenant()
        self._server = Server((host, port), engine)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """What a client must be told to get in, as a custom connection."""
        return {
            "url": self.url,
            "identity_url": self.url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "grant": "client_credentials",
        }

    @property
    def faults(self) -> Faults:
        """The faults that are on; ``model`` is a listing (``Invoices``), or ``token``."""
        return self.engine.faults

    def consented(self) -> dict[str, Any]:
        """Return tokens as after a person's consent."""
        return self.engine.identity.first()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of API requests after number ``since``, oldest first."""
        return self.engine.requests(since)

    def token_requests(self) -> list[str]:
        """Return the grants of all requests for a token."""
        return list(self.engine.token_requests)

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self.engine.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self.engine.clock.advance(seconds)

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Return every row of a listing as the books hold it."""
        with self.engine.listings.lock:
            return [dict(row) for row in self.engine.books.tables[stream].values()]

    def edit(self, stream: str, key: str, values: Mapping[str, Any], *, touches: bool = True) -> None:
        """Change a row as a person would; ``touches`` is false for what Xero does not stamp."""
        self.engine.edit(stream, key, values, touches=touches)

    def create(self, stream: str, row: dict[str, Any]) -> None:
        """Add a row that is new now."""
        with self.engine.listings.lock:
            self.engine.books.add(stream, {**row, "UpdatedDateUTC": self.now()})

    def remove(self, stream: str, key: str) -> None:
        """Take a row away without a trace, which Xero itself does not do."""
        with self.engine.listings.lock:
            del self.engine.books.tables[stream][key]

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


def serve(
    world: World,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
    options: Options | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> Simulator:
    """Serve the ledger of ``world`` as one Xero organisation and return the running simulator.

    Args:
        world: What the books hold.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: How this Xero is.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
    """
    chosen = options or Options()
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or world_clock(start))
    books = Books(world=world, now=shifted.now())
    fill_settings(books)
    fill_contacts(books)
    Documents(books, credit_under=chosen.credit_payment_under).fill()
    engine = Engine(books, shifted, chosen)
    for fault in faults:
        engine.faults.add(**fault)
    return Simulator(engine, host=host, port=port)
