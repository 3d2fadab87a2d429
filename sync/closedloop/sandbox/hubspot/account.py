"""The account: everything that its parts share."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.campaigns import Campaigns
from closedloop.sandbox.hubspot.errors import HubError, invalid, not_found
from closedloop.sandbox.hubspot.events import Events
from closedloop.sandbox.hubspot.links import Links
from closedloop.sandbox.hubspot.properties import Properties
from closedloop.sandbox.hubspot.records import Table
from closedloop.sandbox.hubspot.schema import CRM_OBJECTS, object_type
from closedloop.sandbox.hubspot.wire import plain, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from closedloop.sandbox.hubspot.options import Options
    from closedloop.sandbox.hubspot.records import Record
    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.world import World

_FIRST_ID = 101_000_000_000


class Account:
    """One HubSpot account.

    Args:
        world: What it holds.
        clock: The simulator's.
        options: How it is.

    Attributes:
        tables: The records of each object.
        owners: By id, as answers have them.
        pipelines: By object, as answers have them.
        lists: By id: the list, and its members (record id → since when).
        submissions: What came in by each form, newest first.
        keys: World key → ``object/id``, by kind.
    """

    def __init__(self, world: World, clock: ShiftedClock, options: Options) -> None:
        now = clock.now()
        self.world = world
        self.clock = clock
        self.options = options
        self.lock = threading.RLock()
        codes = [currency.code for currency in world.currencies] or [world.home_currency]
        self.properties = Properties(now, codes)
        self.tables = {
            kind.name: Table(kind, _FIRST_ID + place * 1_000_000_000, options.index_lag)
            for place, kind in enumerate(CRM_OBJECTS)
        }
        self.links = Links()
        self.owners: dict[str, dict[str, Any]] = {}
        self.pipelines: dict[str, list[dict[str, Any]]] = {}
        self.events = Events()
        self.campaigns = Campaigns()
        self.lists: dict[str, tuple[dict[str, Any], dict[str, datetime]]] = {}
        self.submissions: dict[str, list[dict[str, Any]]] = {}
        self.keys: dict[str, dict[str, str]] = {}

    def table(self, name: str) -> Table:
        """Return the records of an object.

        Raises:
            HubError: There is no such object.
        """
        kind = object_type(name)
        if kind is None or kind.name not in self.tables:
            message = f"Unable to infer object type from: {name}"
            raise invalid(message)
        return self.tables[kind.name]

    def known(self, name: str) -> str:
        """Return the name of an object that has properties.

        Raises:
            HubError: There is no such object.
        """
        kind = object_type(name)
        if kind is None:
            message = f"Unable to infer object type from: {name}"
            raise not_found(message)
        return kind.name

    def allowed(self, name: str) -> set[str] | None:
        """Return the values of an enumeration that are records elsewhere; none if they are its own options."""
        if name in {"hubspot_owner_id", "hs_owner"}:
            return {key for key, owner in self.owners.items() if not owner["archived"]}
        lines = [line for held in self.pipelines.values() for line in held]
        if name in {"pipeline", "hs_pipeline"}:
            return {line["id"] for line in lines}
        if name in {"dealstage", "hs_pipeline_stage"}:
            return {stage["id"] for line in lines for stage in line["stages"]}
        return None

    def demand_own_email(self, table: Table, values: dict[str, str], record: Record | None = None) -> None:
        """Refuse an e-mail, or another unique value, that some other record has.

        Raises:
            HubError: 409, with the record's id for contacts.
        """
        definitions = self.properties.of[table.kind.name]
        for name, value in values.items():
            if not value or not definitions.get(name, {}).get("hasUniqueValue"):
                continue
            other = table.find(name, value)
            if other is None or other is record:
                continue
            if table.kind.name == "contacts" and name == "email":
                raise HubError(409, "CONFLICT", f"Contact already exists. Existing ID: {other.id}")
            message = f"Cannot set {name} to {value}. {other.id} already has that value."
            raise HubError(409, "CONFLICT", message, {"context": {"id": [other.id]}})

    def calculate(self, name: str, record: Record) -> None:
        """Set what follows from other properties; the modified date does not move."""
        if name != "deals":
            return
        values = record.values
        stage = self._stage(values.get("dealstage", ""))
        probability = Decimal(stage.get("probability", "0"))
        is_closed = stage.get("isClosed") == "true"
        amount = values.get("amount", "")
        at_home = self._at_home(values, closed=is_closed)
        won = is_closed and probability == 1
        values |= {
            "hs_deal_stage_probability": _long(probability),
            "hs_is_closed": str(is_closed).lower(),
            "hs_is_closed_won": str(won).lower(),
            "hs_is_closed_lost": str(is_closed and not won).lower(),
            "hs_closed_amount": amount if won and amount else "0",
            "hs_closed_amount_in_home_currency": at_home if won and at_home else "0",
        }
        for property_ in ("amount_in_home_currency", "hs_projected_amount"):
            values.pop(property_, None)
        if amount:
            values["amount_in_home_currency"] = at_home
            values["hs_projected_amount"] = plain(Decimal(amount) * probability)

    def _at_home(self, values: dict[str, str], *, closed: bool) -> str:
        """Return a deal's amount in home money: at the rate of its close, while it is open at today's."""
        amount, currency = values.get("amount", ""), values.get("deal_currency_code", "")
        if not amount or currency in {"", self.world.home_currency}:
            return amount
        today = stamp(self.clock.now())[:10]
        day = min(today, values.get("closedate", today)[:10]) if closed else today
        rates = [one for one in self.world.rates if one.currency == currency and one.day.isoformat() <= day]
        if not rates:
            return amount
        rate = max(rates, key=lambda one: one.day).rate
        return plain((Decimal(amount) / rate).quantize(Decimal("0.01")))

    def shown(self, name: str, wanted: Iterable[str]) -> list[str]:
        """Return the properties that an object has; reads leave out the others without a word."""
        held = self.properties.of[name]
        return [one for one in wanted if one in held and not held[one].get("archived")]

    def _stage(self, wanted: str) -> dict[str, str]:
        for line in self.pipelines.get("deals", []):
            for stage in line["stages"]:
                if stage["id"] == wanted:
                    return dict(stage["metadata"])
        return {}


def _long(probability: Decimal) -> str:
    """A fraction as HubSpot prints it: the whole length of a binary number."""
    return plain(Decimal(float(probability)))
