"""Serves a world as the systems of one company: a CRM and a ledger of any kind we can simulate."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from hashlib import blake2b
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from closedloop.sandbox.members import (
    SCANNED,
    as_checked_in,
    as_members,
    as_members_elsewhere,
    as_registrations,
    as_scans,
    attendance_alone,
    without_attendance,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from closedloop.sandbox.world import World
    from closedloop.sandbox.world.entities import PersonKind

#: Settings that are secrets, whatever the system.
SECRETS = ("api_key", "client_secret", "refresh_token", "access_token")
#: Kinds of the world's records that the ledger holds; the CRM holds the others.
BOOKS = frozenset({"customer", "document", "line", "payment", "allocation", "cost_line", "rate", "currency"})
#: What somebody becomes whom the CRM does not know; Odoo keeps them as they are, and knows nothing of no-shows.
_UNKNOWN: dict[str, PersonKind] = {"salesforce": "lead", "hubspot": "contact"}
CRMS = ("salesforce", "hubspot", "odoo")
LEDGERS = ("quickbooks", "xero", "odoo")
#: Systems that may bring the attendance instead of the CRM → the world as it is then.
_SEEN: dict[str, Callable[[World], World]] = {
    "salesforce": partial(as_members_elsewhere, unknown="lead"),
    "hubspot": partial(as_members_elsewhere, unknown="contact"),
    "marketo": partial(as_members_elsewhere, unknown="subscriber"),
    "eventbrite": lambda world: as_checked_in(as_registrations(as_scans(world))),
    "leadlist": as_scans,
}
ATTENDANCE = tuple(_SEEN)


class Simulator(Protocol):
    """What every simulator offers."""

    url: str
    keys: dict[str, dict[str, str]]

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log of requests after number ``since``; ``is_write`` says which of them change something."""


@dataclass(slots=True, kw_only=True, frozen=True)
class Side:
    """One system of the company.

    Args:
        name: ``crm``, ``books`` or ``attendance``: the connection's name.
        connector: Its kind.
        simulator: What serves it.
        settings: What a client must be told, secrets included.
    """

    name: str
    connector: str
    simulator: Simulator
    settings: dict[str, Any]

    def keys(self) -> dict[str, str]:
        """Return world key → key under which the product publishes the record."""
        return {
            key: f"{self.name}:{record}"
            for kind, records in self.simulator.keys.items()
            if (kind in BOOKS) == (self.name == "books")
            for key, record in records.items()
            if self.name != "attendance" or key.startswith(("registration-", SCANNED))
        }

    def events(self) -> dict[str, str]:
        """Return the world's event → key under which this system's own campaign is published."""
        found = (records for records in self.simulator.keys.values())
        return {
            key: f"{self.name}:{record}"
            for records in found
            for key, record in records.items()
            if key.startswith("event-") and "/" not in key
        }


@contextmanager
def serve(world: World, *, crm: str, ledger: str) -> Iterator[tuple[World, Side, Side]]:
    """Serve a world, and yield it as the CRM can hold it, with the CRM and the ledger.

    Args:
        world: What was generated.
        crm: One of `CRMS`.
        ledger: One of `LEDGERS`. With Odoo on both sides one server has both databases.
    """
    unknown = _UNKNOWN.get(crm)
    held = as_members(world, unknown=unknown) if unknown else as_registrations(world)
    with ExitStack() as stack:
        running = {name: stack.enter_context(_simulated(name, held)) for name in dict.fromkeys((crm, ledger))}
        yield (held, _side("crm", crm, running[crm]), _side("books", ledger, running[ledger]))


@contextmanager
def serve_apart(
    world: World, folder: Path, *, crm: str, ledger: str, attendance: str
) -> Iterator[tuple[World, Side, Side, Side]]:
    """Serve a world whose CRM knows the events but not who came: another system does.

    Args:
        world: What was generated.
        folder: Where lists of attendees are written.
        crm: One of `CRMS`.
        ledger: One of `LEDGERS`.
        attendance: One of `ATTENDANCE`, and not the CRM.
    """
    with ExitStack() as stack:
        held, brings = stack.enter_context(brought(world, folder, attendance=attendance))
        own = without_attendance(held)
        running = {name: stack.enter_context(_simulated(name, own)) for name in dict.fromkeys((crm, ledger))}
        yield (held, _side("crm", crm, running[crm]), _side("books", ledger, running[ledger]), brings)


@contextmanager
def brought(world: World, folder: Path, *, attendance: str) -> Iterator[tuple[World, Side]]:
    """Serve who came, and nothing else, and yield the world as it is then.

    Args:
        world: What was generated.
        folder: Where lists of attendees are written.
        attendance: One of `ATTENDANCE`.
    """
    held = seen(world, attendance)
    alone = attendance_alone(held)
    with ExitStack() as stack:
        simulator = (
            Lists(alone, folder)
            if attendance == "leadlist"
            else stack.enter_context(_simulated(attendance, alone))
        )
        yield held, _side("attendance", attendance, simulator)


def seen(world: World, attendance: str) -> World:
    """Return the world as it is where this system, beside the CRM, knows who came."""
    return _SEEN[attendance](world)


class Lists:
    """Lists of attendees in a folder: no system that answers, so nothing is asked of it.

    Attributes:
        url: Where they lie.
        keys: World key → ``object/id``, per kind of record.
        settings: What the tap must be told.
    """

    def __init__(self, world: World, folder: Path) -> None:
        from closedloop.sandbox import leadlist

        written = leadlist.write(world, folder)
        yesterday = datetime.combine(world.as_of, time(), tzinfo=UTC).timestamp()
        for name in written:  # else they might still be growing
            os.utime(folder / name, (yesterday, yesterday))
        stems = {event: name.rpartition(".")[0] for name, event in written.items()}
        self.url = str(folder)
        rows = {one.key: (stems[one.event], one.key) for one in world.registrations}
        names = {event: name for name, event in written.items()}
        files = {one.key: names[one.event] for one in world.registrations}
        self.keys: dict[str, dict[str, str]] = {
            "event": {event: f"event/{stem}" for event, stem in stems.items()},
            "touch": {key: f"attendee/{_row_id(files[key], *row)}" for key, row in rows.items()},
        }
        self.settings = {"files": f"{folder}/*.*"}

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return nothing: files are not asked."""
        del since
        return []


def _row_id(file: str, event: str, badge: str) -> str:
    """Return what tap-leadlist calls a row: who it is within its file."""
    who = blake2b(f"{event}|id {badge}".encode(), digest_size=8).hexdigest()
    return f"{blake2b(file.encode(), digest_size=4).hexdigest()}-{who}"


def _simulated(connector: str, world: World) -> Any:
    """Start a simulator; each is a package of this shelf with a function ``serve``."""
    return import_module(f"closedloop.sandbox.{connector}").serve(world)


def _side(name: str, connector: str, simulator: Any) -> Side:
    settings = simulator.settings
    return Side(
        name=name,
        connector=connector,
        simulator=simulator,
        settings=settings(name) if callable(settings) else dict(settings),
    )
