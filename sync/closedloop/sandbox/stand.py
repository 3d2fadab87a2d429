"""Serves a world as the systems of one company: a CRM and a ledger of any kind we can simulate."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from closedloop.sandbox.members import as_members, as_registrations

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        name: ``crm`` or ``books``: the connection's name.
        connector: Its kind.
        simulator: What serves it.
        settings: What a client must be told, secrets included.
    """

    name: str
    connector: str
    simulator: Simulator
    settings: dict[str, str]

    def keys(self) -> dict[str, str]:
        """Return world key → key under which the product publishes the record."""
        return {
            key: f"{self.name}:{record}"
            for kind, records in self.simulator.keys.items()
            if (kind in BOOKS) == (self.name == "books")
            for key, record in records.items()
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
