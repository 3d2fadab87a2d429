"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Self

from closedloop.clock import Clock, world_clock
from closedloop.sandbox.odoo.engine import ShiftedClock
from closedloop.sandbox.odoo.faults import Faults
from closedloop.sandbox.salesforce.control import Control
from closedloop.sandbox.salesforce.database import Database
from closedloop.sandbox.salesforce.derived import Derived
from closedloop.sandbox.salesforce.engine import Engine
from closedloop.sandbox.salesforce.mapping import fill
from closedloop.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET, USERNAME, Tokens
from closedloop.sandbox.salesforce.options import Options
from closedloop.sandbox.salesforce.pages import Pages
from closedloop.sandbox.salesforce.rights import Rights
from closedloop.sandbox.salesforce.schema import read_objects
from closedloop.sandbox.salesforce.select import Select
from closedloop.sandbox.salesforce.server import Server
from closedloop.sandbox.salesforce.state import Org

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from closedloop.sandbox.world import World


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: The org's address; the token endpoint is there too.
        client_id: The app that is known.
        client_secret: Its secret.
        username: The API's user.
        keys: World key → ``Object/id``, per kind of record (``campaign``, ``touch``, ``person`` …).
        control: What else can be done by hand: edit, create, remove, restore, merge, convert, refuse.
        tokens: The app's tokens: ``first`` gives a refresh token, ``expire`` and ``revoke`` end them.
    """

    client_id, client_secret, username = CLIENT_ID, CLIENT_SECRET, USERNAME

    def __init__(
        self,
        org: Org,
        keys: dict[str, dict[str, str]],
        *,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.org = org
        self.keys = keys
        self.engine = Engine(org)
        self.control = Control(self.engine, self.engine.writer, keys)
        self.tokens = org.tokens
        self._server = Server((host, port), self.engine, self.control, context)
        self.url = f"http{'s' if context else ''}://{host}:{self._server.server_port}"
        org.tokens.url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def faults(self) -> Faults:
        """The faults that are on; ``stream`` is an object (``Contact``), or ``token``.

        ``429`` is Salesforce's 403: too many calls at once, with ``mode="daily"`` too many in a day.
        """
        return self.org.faults

    @property
    def settings(self) -> dict[str, str]:
        """What a client must be told: address and app, for the flow of client credentials."""
        return {"url": self.url, "client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.url}/services/oauth2/token"

    @property
    def private_key(self) -> str:
        """The private key, in PEM, whose certificate the app holds."""
        return self.tokens.private_key()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of requests after number ``since``, oldest first."""
        return self.engine.requests(since)

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self.org.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self.org.clock.advance(seconds)

    def records(self, entity: str) -> list[dict[str, Any]]:
        """Return every row of an object as the org holds it, deleted ones too."""
        return self.control.records(entity)

    def edit(self, entity: str, key: str, values: Mapping[str, Any], **options: Any) -> None:
        """Change a row as a person would; the options are those of ``Control.edit``."""
        self.control.edit(entity, key, values, **options)

    def create(self, entity: str, values: Mapping[str, Any], *, late: float = 0) -> str:
        """Create a row as a person would, and return its id."""
        return self.control.create(entity, values, late=late)

    def remove(self, entity: str, key: str, *, hard: bool = False) -> None:
        """Delete a row; ``hard`` empties the recycle bin of it as well."""
        self.control.remove(entity, key, hard=hard)

    def merge(self, entity: str, master: str, *losers: str) -> None:
        """Merge rows into one."""
        self.control.merge(entity, master, losers)

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
    context: ssl.SSLContext | None = None,
) -> Simulator:
    """Serve the CRM of ``world`` as one Salesforce org and return the running simulator.

    Args:
        world: What the org holds, as ``sandbox.members.as_members(world, unknown="lead")`` gives it.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: What the org is like.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
        context: For https, its certificate.
    """
    chosen = options or Options()
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or world_clock(start))
    objects = read_objects(multi_currency=chosen.multi_currency, person_accounts=chosen.person_accounts)
    database = Database(objects, shifted)
    keys = fill(world, database, chosen)
    on = Faults()
    for fault in faults:
        on.add(**fault)
    derived, rights = Derived(database, archives=chosen.archives), Rights(database, chosen)
    org = Org(
        database=database,
        clock=shifted,
        options=chosen,
        faults=on,
        rights=rights,
        derived=derived,
        select=Select(database, derived, rights),
        pages=Pages(database, chosen, on, shifted.now),
        tokens=Tokens(
            organisation=next(iter(database.tables["Organization"])),
            user=database.user,
            options=chosen,
            now=shifted.now,
        ),
    )
    return Simulator(org, keys, host=host, port=port, context=context)
