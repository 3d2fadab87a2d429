"""Writes the world's records into the org: ids, stamps, owners, keys."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.salesforce.database import Database
    from closedloop.sandbox.world import World

#: What people and importers type where Salesforce insists on a value and none is known.
FILLER = "[not provided]"
#: The org was set up this long before the world's day.
SET_UP = timedelta(days=6 * 365)


class Rows:
    """An org being filled.

    Args:
        world: What is written.
        database: Where to.
    """

    def __init__(self, world: World, database: Database) -> None:
        self.world = world
        self.database = database
        self.keys: dict[str, dict[str, str]] = {}
        self.ids: dict[str, str] = {}
        self.zone = ZoneInfo(world.zone)
        self.digits = {currency.code: currency.digits for currency in world.currencies}
        self.begin = datetime.combine(world.as_of, time(8), tzinfo=UTC) - SET_UP
        self._latest = database.now() - timedelta(minutes=2)
        self._has_currency = "CurrencyType" in database.objects

    def add(
        self,
        name: str,
        values: dict[str, Any],
        *,
        kind: str | None = None,
        key: str | None = None,
        at: datetime | None = None,
        changed: datetime | None = None,
        user: str | None = None,
    ) -> str:
        """Add a row and return its id.

        Args:
            name: The object.
            values: Its fields.
            kind: The kind of world record it is, for ``keys``.
            key: That record's key.
            at: When it was created, aware; without it, when the org was set up.
            changed: When it was last changed, aware.
            user: Who made it; the API's user without it.
        """
        fields = self.database.objects[name].fields
        created = self.stamp(at)
        last = max(created, self.stamp(changed)) if changed else created
        stamps = {"LastModifiedDate": last, "SystemModstamp": last}
        money = {"CurrencyIsoCode": self.world.home_currency} if "CurrencyIsoCode" in fields else {}
        row = money | values | {column: at for column, at in stamps.items() if column in fields}
        made = self.database.put(name, row, at=created, user=user)
        if key is not None:
            self.ids[key] = made
            self.keys.setdefault(kind or "", {})[key] = f"{name}/{made}"
        return made

    def stamp(self, at: datetime | None) -> datetime:
        """Return a time as a row keeps it: whole seconds, at the latest a moment before the clock starts."""
        return self.begin if at is None else min(at.astimezone(UTC).replace(microsecond=0), self._latest)

    def noon(self, day: date) -> datetime:
        """Return the middle of a day in the company's zone."""
        return datetime.combine(day, time(12), tzinfo=self.zone)

    def day(self, at: datetime) -> date:
        """Return the company's day of a time."""
        return at.astimezone(self.zone).date()

    def money(self, amount: int | None) -> Decimal | None:
        """Return home minor units as a number."""
        if amount is None:
            return None
        return Decimal(amount).scaleb(-self.digits[self.world.home_currency])

    def user(self, owner: str | None) -> str:
        """Return the user who owns a record; nobody's and a queue's belong to the API's user."""
        held = self.keys.get("owner", {}).get(owner or "", "")
        return self.ids[owner or ""] if held.startswith("User/") else self.database.user

    def owner(self, owner: str | None) -> str:
        """Return the user or the queue that owns a record."""
        return self.ids.get(owner or "", self.database.user)
