"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Self

from closedloop.clock import Clock
from closedloop.sandbox.marketo.account import Account
from closedloop.sandbox.marketo.engine import Engine
from closedloop.sandbox.marketo.fill import fill
from closedloop.sandbox.marketo.options import CLIENT_ID, CLIENT_SECRET, Options
from closedloop.sandbox.marketo.server import Server
from closedloop.sandbox.odoo.engine import ShiftedClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from closedloop.sandbox.odoo.faults import Faults
    from closedloop.sandbox.world import World


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where API and identity server listen.
        account: What the subscription holds, and what people do in it.
        client_id: The service that is known.
        client_secret: Its secret.
        keys: World key → ``object/id``, per kind of record (``event``, ``person``, ``registration``).
    """

    client_id, client_secret = CLIENT_ID, CLIENT_SECRET

    def __init__(self, engine: Engine, *, host: str, port: int) -> None:
        self.engine, self.account = engine, engine.account
        self.keys = engine.account.keys
        self._server = Server((host, port), engine)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """What a client must be told to get in."""
        zone = self.account.world.zone
        own = {"url": self.url, "client_id": self.client_id, "client_secret": self.client_secret}
        return {**own, "time_zone": zone}

    @property
    def faults(self) -> Faults:
        """The faults that are on; ``model`` is what is asked for (``programs``, ``members``, ``activities`` …)."""
        return self.engine.faults

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of API requests after number ``since``, oldest first."""
        return self.engine.requests(since)

    def tokens_asked(self) -> int:
        """Return how often a token was asked for."""
        return self.engine.identity.asked

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self.engine.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self.engine.clock.advance(seconds)

    def end_token(self) -> None:
        """End the token that works."""
        self.engine.identity.end()

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
    synced: Mapping[str, str] | None = None,
) -> Simulator:
    """Serve the marketing of ``world`` as one Marketo subscription and return the running simulator.

    Args:
        world: What it holds; with a person for every registration (`closedloop.sandbox.members.as_members`).
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: How this Marketo is.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
        synced: World key of an event or a person → its id in the Salesforce that Marketo keeps in step with.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or Clock(start=start))
    account = Account(world=world, clock=shifted, options=options or Options())
    fill(account, synced=synced or {})
    engine = Engine(account)
    for fault in faults:
        engine.faults.add(**fault)
    return Simulator(engine, host=host, port=port)
