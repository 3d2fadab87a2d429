"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from closedloop.clock import Clock
from closedloop.sandbox.eventbrite.engine import Engine
from closedloop.sandbox.eventbrite.fill import TOKEN, fill
from closedloop.sandbox.eventbrite.options import Options
from closedloop.sandbox.odoo.engine import ShiftedClock
from closedloop.sandbox.parts.rest import Running

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.sandbox.world import World


class Simulator(Running):
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        token: The private token that is known.
        keys: World key → ``object/id``, per kind of record (``event``, ``registration``, ``owner``).
    """

    token = TOKEN

    def __init__(self, engine: Engine, *, host: str, port: int) -> None:
        super().__init__(engine, host=host, port=port)
        self.engine = engine
        self.keys = engine.account.keys

    @property
    def settings(self) -> dict[str, Any]:
        """What a client must be told to get in."""
        return {"url": f"{self.url}/v3", "access_token": self.token}

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return every row of a listing as the account holds it."""
        with self.engine.lock:
            return [dict(row) for row in self.engine.account.table(name).values()]

    def edit(self, name: str, key: str, values: Mapping[str, Any], *, touches: bool = True) -> None:
        """Change a row as a person would; ``touches`` is false for what does not count as a change."""
        with self.engine.lock:
            row = self.engine.account.table(name)[key]
            row.update(values)
            if touches:
                row["changed"] = self._stamp()

    def check_in(self, key: str) -> None:
        """Let an attendee come in: their barcode is used, and the switch decides whether that is a change."""
        with self.engine.lock:
            row = self.engine.account.attendees[key]
            row["barcodes"] = [{**one, "status": "used", "changed": self._stamp()} for one in row["barcodes"]]
        values = {"checked_in": True, "status": "Checked In"}
        self.edit("attendees", key, values, touches=self.engine.options.moves_changed)

    def create(self, name: str, row: Mapping[str, Any]) -> None:
        """Add a row that is new now."""
        with self.engine.lock:
            made = {**row, "created": self._stamp(), "changed": self._stamp()}
            self.engine.account.table(name)[str(row["id"])] = made

    def remove(self, name: str, key: str) -> None:
        """Take a row away without a trace, as an event that is deleted takes its attendees."""
        with self.engine.lock:
            del self.engine.account.table(name)[key]

    def forget_continuations(self) -> None:
        """End every continuation that was given."""
        self.engine.generation += 1

    def revoke(self) -> None:
        """End the token."""
        self.engine.tokens.clear()

    def _stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def serve(
    world: World,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
    options: Options | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> Simulator:
    """Serve the events of ``world`` as one Eventbrite organization and return the running simulator.

    Args:
        world: What the organization holds: see ``closedloop.sandbox.members.as_checked_in``.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: How this Eventbrite is.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or Clock(start=start))
    engine = Engine(fill(world, shifted.now()), shifted, options or Options())
    for fault in faults:
        engine.faults.add(**fault)
    return Simulator(engine, host=host, port=port)
