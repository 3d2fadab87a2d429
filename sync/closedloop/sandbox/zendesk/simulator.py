"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Self

from closedloop.clock import Clock
from closedloop.sandbox.odoo.engine import ShiftedClock
from closedloop.sandbox.zendesk.desk import fill
from closedloop.sandbox.zendesk.engine import API_TOKEN, API_USER, CLIENT_ID, CLIENT_SECRET, Answer, Engine
from closedloop.sandbox.zendesk.options import Options
from closedloop.sandbox.zendesk.server import Server

if TYPE_CHECKING:
    from types import TracebackType

    from closedloop.sandbox.world import World
    from closedloop.sandbox.zendesk.desk import Desk


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where it listens.
        client_id: The OAuth client that is known.
        client_secret: Its secret.
        api_user: Whose API token works.
        api_token: The API token.
    """

    client_id, client_secret = CLIENT_ID, CLIENT_SECRET
    api_user, api_token = API_USER, API_TOKEN

    def __init__(self, engine: Engine, *, host: str, port: int) -> None:
        self.engine = engine
        self._server = Server((host, port), engine)
        self.url = engine.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """What a client must be told to get in."""
        return {"url": self.url, "client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def desk(self) -> Desk:
        """What it holds."""
        return self.engine.desk

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every request for data so far."""
        return self.engine.calls

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self.engine.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self.engine.clock.advance(seconds)

    def can(self, status: int, body: Any, **headers: str) -> None:
        """Give this answer next, whatever is asked."""
        self.engine.canned.append(Answer(status, body, headers))

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
) -> Simulator:
    """Serve the support desk of ``world`` and return the running simulator.

    Args:
        world: Whose people write to it.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: How this Zendesk is.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or Clock(start=start))
    engine = Engine(desk=fill(world, shifted.now()), clock=shifted, options=options or Options())
    return Simulator(engine, host=host, port=port)
