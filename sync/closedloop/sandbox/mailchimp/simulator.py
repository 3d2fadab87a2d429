"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from closedloop.clock import Clock
from closedloop.sandbox.mailchimp.engine import Engine
from closedloop.sandbox.mailchimp.fill import KEY, TOKEN, fill
from closedloop.sandbox.mailchimp.options import Options
from closedloop.sandbox.odoo.engine import ShiftedClock
from closedloop.sandbox.parts.rest import Running

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.sandbox.world import World


class Simulator(Running):
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        api_key: The key that is known.
        token: The token of an app that is known.
        keys: World key → ``object/id``, per kind of record (``person``, ``event``).
    """

    api_key, token = KEY, TOKEN

    def __init__(self, engine: Engine, *, host: str, port: int) -> None:
        super().__init__(engine, host=host, port=port)
        self.engine = engine
        self.keys = engine.account.keys

    @property
    def settings(self) -> dict[str, Any]:
        """What a client must be told to get in."""
        return {"url": self.url, "api_key": self.api_key}

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return every row of a table as the account holds it."""
        with self.engine.lock:
            return [dict(row) for row in self.engine.account.table(name).values()]

    def edit(self, member: str, values: Mapping[str, Any], *, touches: bool = True) -> None:
        """Change a member, by audience and id, as a person would."""
        with self.engine.lock:
            row = self.engine.account.members[member]
            row.update(values)
            if touches:
                row["last_changed"] = self.engine.account.stamp(self.now())

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        super().advance(seconds)
        self.engine.account.now = self.now()

    def revoke(self) -> None:
        """End the key and the token."""
        self.engine.credentials.clear()


def serve(
    world: World,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
    options: Options | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> Simulator:
    """Serve the people of ``world`` as one Mailchimp account and return the running simulator.

    Args:
        world: Whom the account knows.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: How this Mailchimp is.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or Clock(start=start))
    engine = Engine(fill(world, shifted.now()), shifted, options or Options())
    for fault in faults:
        engine.faults.add(**fault)
    return Simulator(engine, host=host, port=port)
