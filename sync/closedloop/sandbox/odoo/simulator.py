"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Self

from closedloop.clock import Clock, world_clock
from closedloop.sandbox.odoo.control import Control
from closedloop.sandbox.odoo.database import Database
from closedloop.sandbox.odoo.engine import LOGIN, PASSWORD, Engine, ShiftedClock
from closedloop.sandbox.odoo.mapping import fill_books, fill_crm
from closedloop.sandbox.odoo.schema import read_models
from closedloop.sandbox.odoo.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from closedloop.sandbox.odoo.faults import Faults
    from closedloop.sandbox.world import World

#: The models of the event application, absent where nobody installed it.
EVENT_MODELS = ("event.event", "event.registration", "event.stage", "event.type")


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where it listens.
        api_keys: The bearer key of each database; RPC takes it as the password of ``login``.
        login: The name of the API's user over RPC.
        password: That user's password.
        keys: World key → ``model/id``, per kind of record (``campaign``, ``person``, ``document`` …).
    """

    login, password = LOGIN, PASSWORD

    def __init__(self, engine: Engine, keys: dict[str, dict[str, str]], *, host: str, port: int) -> None:
        self._engine = engine
        self.control = Control(engine, keys)
        self.keys = keys
        self.api_keys = dict(engine.api_keys)
        self._server = Server((host, port), engine, self.control)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def settings(self, database: str) -> dict[str, str]:
        """Return what a client must be told to get into a database."""
        return {"url": self.url, "database": database, "api_key": self.api_keys[database]}

    @property
    def faults(self) -> Faults:
        """The faults that are on."""
        return self._engine.faults

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of API requests after number ``since``, oldest first."""
        return self._engine.requests(since)

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self._engine.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self._engine.clock.advance(seconds)

    def records(self, database: str, model: str) -> list[dict[str, Any]]:
        """Return every row of a model as the database holds it."""
        return self.control.records(database, model)

    def edit(self, database: str, model: str, record: int, values: dict[str, Any]) -> None:
        """Change a record as a person would."""
        self.control.edit(database, model, record, values)

    def create(self, database: str, model: str, values: dict[str, Any]) -> int:
        """Create a record as a person would, and return its id."""
        return self.control.create(database, model, values)

    def unlink(self, database: str, model: str, record: int) -> None:
        """Delete a record."""
        self.control.unlink(database, model, record)

    def model_fields(self, database: str, model: str) -> list[str]:
        """Return the names of a model's fields."""
        return list(self._engine.databases[database].models[model].fields)

    def add_field(self, database: str, model: str, name: str, type_: str, label: str) -> int:
        """Create a custom field as an administrator would, and return its id in ir.model.fields."""
        held = self._engine.databases[database]
        with held.lock:
            [described] = held.search("ir.model", [["model", "=", model]])
            values = {"model_id": described, "name": name, "field_description": label, "ttype": type_}
            return held.create("ir.model.fields", [values])[0]

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
    version: tuple[int, int] = (19, 0),
    restricted: bool = False,
    empty: bool = False,
    no_events: bool = False,
    absent_models: Sequence[str] = (),
    faults: Sequence[Mapping[str, Any]] = (),
) -> Simulator:
    """Serve ``world`` as the Odoo databases ``crm`` and ``books`` and return the running simulator.

    Args:
        world: What the databases hold.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        version: Before 19 there is no JSON-2, and times compare by microseconds.
        restricted: The API's user has a salesperson's rights: no history, no custom fields.
        empty: The CRM holds stages and users, but nothing that anybody did.
        no_events: The CRM's event application is there and empty.
        absent_models: Models that the CRM does not have at all (see ``EVENT_MODELS``).
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or world_clock(start))
    whole_seconds = version[0] >= 19  # noqa: PLR2004 - the version that compares whole seconds
    databases = {
        name: Database(
            name, read_models("common", name), shifted, whole_seconds=whole_seconds, restricted=restricted
        )
        for name in ("crm", "books")
    }
    for model in absent_models:
        databases["crm"].remove_model(model)
    keys: dict[str, dict[str, str]] = {}
    for name, fill in (("crm", fill_crm), ("books", fill_books)):
        fill(world, databases[name], keys, empty=empty, no_events=no_events)
    engine = Engine(databases, {name: _key(world, name) for name in databases}, shifted, version=version)
    for fault in faults:
        engine.faults.add(**fault)
    return Simulator(engine, keys, host=host, port=port)


def _key(world: World, name: str) -> str:
    """A key of the length of Odoo's own, different in each database."""
    return hashlib.sha256(f"{world.seed}:{name}".encode()).hexdigest()[:40]
