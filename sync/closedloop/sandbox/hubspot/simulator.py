"""A running simulator: start it over a world, look into it, change it, make it fail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from closedloop.clock import Clock, world_clock
from closedloop.sandbox.hubspot.account import Account
from closedloop.sandbox.hubspot.control import Control
from closedloop.sandbox.hubspot.engine import Engine
from closedloop.sandbox.hubspot.fill import Fill
from closedloop.sandbox.hubspot.fill_marketing import fill_marketing
from closedloop.sandbox.hubspot.identity import CLIENT_ID, CLIENT_SECRET
from closedloop.sandbox.hubspot.objects import merge
from closedloop.sandbox.hubspot.options import Options
from closedloop.sandbox.hubspot.server import Server
from closedloop.sandbox.hubspot.wire import ACCOUNT_ID, PORTAL, epoch, whole
from closedloop.sandbox.odoo.engine import ShiftedClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from closedloop.sandbox.hubspot.records import Record
    from closedloop.sandbox.odoo.faults import Faults
    from closedloop.sandbox.world import World


class Simulator:
    """A simulator that listens. Use it as a context manager, or call ``close``.

    Attributes:
        url: Where the API and the OAuth server listen.
        token: The private app's token.
        client_id: The OAuth app that is known.
        client_secret: Its secret.
        portal: The account's number.
        account_id: The external account of the demo's marketing events.
        keys: World key → ``object/id``, per kind of record.
        engine: What answers.
    """

    client_id, client_secret, portal, account_id = CLIENT_ID, CLIENT_SECRET, PORTAL, ACCOUNT_ID

    def __init__(self, engine: Engine, *, host: str, port: int) -> None:
        self.engine = engine
        self.account = engine.account
        self.keys = engine.account.keys
        self.token = engine.identity.private
        engine.control = Control(self).answer
        self._server = Server((host, port), engine)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """What a client must be told to get in, by the private app's token."""
        return {"url": self.url, "access_token": self.token}

    @property
    def faults(self) -> Faults:
        """The faults that are on; ``model`` is what the log calls ``stream``, ``method`` its ``operation``.

        A ``429`` with ``mode="day"`` is a spent day, with ``mode="second"`` the search's limit, else that of ten seconds.
        """
        return self.engine.faults

    def consented(self) -> dict[str, Any]:
        """Return OAuth tokens as after a person's consent."""
        return self.engine.identity.first()

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of requests after number ``since``, oldest first; ``is_write`` marks writes."""
        return self.engine.requests(since)

    def now(self) -> datetime:
        """Return the simulator's time, aware, in UTC."""
        return self.engine.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        self.engine.clock.advance(seconds)

    def records(self, name: str, *, archived: bool = False) -> list[dict[str, Any]]:
        """Return the records of an object with every property that has a value."""
        table = self.account.tables[name]
        with self.account.lock:
            return [table.wire(row, row.values, empty=False) for row in table.live(archived=archived)]

    def edit(
        self, name: str, record: str, values: Mapping[str, str], *, touches: bool = True, late: float = 0
    ) -> None:
        """Change a record as a person would.

        Args:
            name: The object.
            record: Its id.
            values: Properties as HubSpot keeps them.
            touches: False for what does not move the modified date, as a calculation.
            late: The change is stamped so many seconds ago, and only now becomes visible.
        """
        table = self.account.tables[name]
        with self.account.lock:
            row = table.rows[record]
            table.write(row, values, self._at(late), touches=touches)
            row.written = None
            self.account.calculate(name, row)
            self._late(row, late)

    def create(self, name: str, values: Mapping[str, str], *, late: float = 0) -> str:
        """Add a record that is new now (or was stamped ``late`` seconds ago and appears now); return its id."""
        table = self.account.tables[name]
        with self.account.lock:
            row = table.new(values, self._at(late), now=self.now())
            row.written = None
            self.account.calculate(name, row)
            self._late(row, late)
            return row.id

    def remove(self, name: str, record: str) -> None:
        """Archive a record."""
        with self.account.lock:
            table = self.account.tables[name]
            table.archive(table.rows[record], self.now())
            self.account.links.forget(name, record)

    def restore(self, name: str, record: str) -> None:
        """Bring an archived record back, as a person may within ninety days."""
        with self.account.lock:
            table = self.account.tables[name]
            table.rows[record].archived = None
            table.write(table.rows[record], {}, self.now())

    def erase(self, name: str, record: str) -> None:
        """Delete a record for good: no list shows it any more."""
        with self.account.lock:
            self.account.links.forget(name, record)
            self.account.events.forget(record)
            table = self.account.tables[name]
            table.drop(table.rows[record], self.now())

    def merge(self, name: str, winner: str, loser: str) -> None:
        """Merge two records."""
        with self.account.lock:
            rows = self.account.tables[name].rows
            merge(self.account, self.account.tables[name], rows[winner], rows[loser])

    def add_property(
        self, name: str, property_: str, type_: str = "string", field_type: str = "text"
    ) -> None:
        """Make a property as an administrator does, in the object's own group."""
        with self.account.lock:
            group = next(iter(self.account.properties.groups[name]))
            given = {"name": property_, "label": property_, "type": type_, "fieldType": field_type}
            self.account.properties.create(name, {**given, "groupName": group}, self.now())

    def remove_property(self, name: str, property_: str) -> None:
        """Archive a property: no read shows it and no write takes it any more."""
        with self.account.lock:
            self.account.properties.archive(name, property_, self.now())

    def stamp_all(self, name: str, ids: Iterable[str] | None = None) -> None:
        """Give many records the same modified date, as an import does."""
        with self.account.lock:
            table = self.account.tables[name]
            now = self.now()
            for record in [*(table.rows if ids is None else ids)]:
                table.write(table.rows[record], {}, now)

    def link(self, name: str, record: str, other: str, target: str, *, label: str | None = None) -> None:
        """Associate two records, unlabelled or with a label."""
        links = self.account.links
        found = [one for one in links.between(name, other) if one.label == label]
        with self.account.lock:
            links.add(record, target, found[0] if found else links.define(name, other, str(label), None)[0])

    def unlink(self, name: str, record: str, other: str, target: str) -> None:
        """End every association of two records."""
        with self.account.lock:
            self.account.links.remove(name, record, other, target)

    def edit_event(
        self, event: str, values: Mapping[str, Any] | None = None, custom: Mapping[str, str] | None = None
    ) -> None:
        """Change a marketing event as a person would."""
        with self.account.lock:
            held = self.account.events.get(event)
            held.values |= values or {}
            held.custom |= custom or {}
            held.updated = self.now()

    def edit_campaign(self, campaign: str, values: Mapping[str, str]) -> None:
        """Change a campaign as a person would."""
        with self.account.lock:
            held = self.account.campaigns.get(campaign)
            held.values |= values
            held.updated = self.now()

    def attend(self, event: str, contact: str, state: str = "ATTENDED", at: int | None = None) -> str:
        """Let a contact take part in an event, at a time in milliseconds; return the participation's id."""
        with self.account.lock:
            held, now = self.account.events.get(event), whole(self.now())
            return self.account.events.join(held, contact, state, at or epoch(now), now).id

    def close(self) -> None:
        """Stop listening and end every connection."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def _at(self, late: float) -> datetime:
        return self.now() - timedelta(seconds=late)

    def _late(self, row: Record, late: float) -> None:
        if late:
            row.fresh = self.now()

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
    """Serve the CRM of ``world`` as one HubSpot account and return the running simulator.

    Args:
        world: What the account holds: see ``closedloop.sandbox.members.as_members``.
        port: Where to listen; 0 lets the system choose.
        host: A loopback address.
        clock: The simulator's clock; without one it starts at noon UTC of the world's day.
        options: How this account is.
        faults: Faults that are on from the start, as keyword arguments of ``Faults.add``.
    """
    start = datetime.combine(world.as_of, time(12), tzinfo=UTC)
    shifted = ShiftedClock(clock or world_clock(start))
    account = Account(world, shifted, options or Options())
    fill = Fill(account)
    fill.run()
    fill_marketing(fill)
    fill.done()
    engine = Engine(account)
    for fault in faults:
        engine.faults.add(**fault)
    return Simulator(engine, host=host, port=port)
