"""Writes the world's records into a simulated database: ids, stamps, keys."""

from __future__ import annotations

import zlib
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from closedloop.sandbox.odoo.catalogue import describe
from closedloop.sandbox.odoo.domain import naive
from closedloop.sandbox.odoo.schema import parse_field

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.world import World

#: The server itself, and the owner of the API key.
ROBOT, ADMIN = 1, 2
#: Set up this long before the world's day: before anything in the world happened.
SET_UP = timedelta(days=6 * 365)
MILLION = 1_000_000
#: A prime far from any power of ten, so that neighbours get unlike fractions of a second.
SPREAD = 618_769


class Rows:
    """A database being filled.

    Ids start at another number in every database and model, and follow the order of the world. No record was
    written after the simulator's clock starts, and every stamp carries microseconds.

    Args:
        world: What is written.
        database: Where to.
        keys: World key → ``model/id``, per kind of record; grows.
    """

    def __init__(self, world: World, database: Database, keys: dict[str, dict[str, str]]) -> None:
        self.world = world
        self.database = database
        self.keys = keys
        self.ids: dict[str, int] = {}
        self.zone = ZoneInfo(world.zone)
        self._latest = datetime.combine(world.as_of, time(11, 58))
        self.begin = datetime.combine(world.as_of, time(8)) - SET_UP
        self._salts = {model: first_id(database.name, model) for model in database.tables}
        for model, table in database.tables.items():
            table.next_id = self._salts[model]
        self.digits = {currency.code: currency.digits for currency in world.currencies}

    def custom(self, model: str, lines: Iterable[str]) -> None:
        """Give a model its custom fields, written as in the schema files."""
        if model not in self.database.models:
            return
        for line in lines:
            column = parse_field(line, manual=True)
            self.database.models[model].fields[column.name] = column

    def describe(self) -> None:
        """Describe the models in ir.model and ir.model.fields; to be called once they have all their fields."""
        describe(self.database, self.begin)

    def add(
        self,
        model: str,
        values: dict[str, Any],
        *,
        kind: str | None = None,
        key: str | None = None,
        at: datetime | None = None,
        written: datetime | None = None,
        user: int = ROBOT,
        id_: int | None = None,
    ) -> int:
        """Add a record and return its id.

        Args:
            model: The model; one that the database does not have is skipped, and 0 returned.
            values: Python values: ``None`` for empty, naive UTC times, ids for relations.
            kind: The kind of world record it is, for ``keys``.
            key: Its key in the world.
            at: When it was created, aware; without it, when the database was set up.
            written: When it was last written, aware.
            user: Who wrote it.
            id_: The id it must have.
        """
        if model not in self.database.tables:
            return 0
        table = self.database.table(model)
        created = self.stamp(at)
        stamp = {"create_uid": user, "create_date": created, "write_uid": user}
        row = {**values, **stamp, "write_date": max(created, self.stamp(written)) if written else created}
        if "active" in table.model.fields:
            row.setdefault("active", True)
        if id_ is not None:
            row["id"] = id_
        made = table.put(row)
        row["create_date"] += micros(self._salts[model], made)
        row["write_date"] += micros(self._salts[model], made + 1)
        row["write_date"] = max(row["write_date"], row["create_date"])
        if key is not None:
            self.ids[key] = made
            self.keys.setdefault(kind or "", {})[key] = f"{model}/{made}"
        return made

    def stamp(self, at: datetime | None) -> datetime:
        """Return a time as a row keeps it, at the latest a moment before the clock starts."""
        return self.begin if at is None else min(naive(at), self._latest)

    def noon(self, day: date) -> datetime:
        """Return the middle of a day in the company's zone."""
        return datetime.combine(day, time(12), tzinfo=self.zone)

    def local(self, day: date, hour: int) -> datetime:
        """Return an hour of a day in the company's zone as naive UTC."""
        return naive(datetime.combine(day, time(hour), tzinfo=self.zone))

    def money(self, amount: int | None, currency: str) -> float:
        """Return minor units as the number that Odoo prints; nothing is 0.0, as in Odoo."""
        if not amount:
            return 0.0
        digits = self.digits[currency]
        return amount / 10**digits if digits else float(amount)

    def currencies(self) -> None:
        """Add the currencies; the home currency has id 1, as where Odoo is set up with US dollars."""
        places = sorted(self.world.currencies, key=lambda currency: currency.code != self.world.home_currency)
        for place, currency in enumerate(places):
            values = {
                "name": currency.code,
                "symbol": currency.code,
                "decimal_places": currency.digits,
                "rounding": 10**-currency.digits,
                "rate": 1.0 if place == 0 else float(self._last_rate(currency.code)),
            }
            self.ids[currency.code] = self.add("res.currency", values, id_=1 if place == 0 else 124 + place)

    def _last_rate(self, code: str) -> Decimal | int:
        known = [rate for rate in self.world.rates if rate.currency == code and rate.day <= self.world.as_of]
        return max(known, key=lambda rate: rate.day).rate if known else 1

    def countries(self, codes: Iterable[str]) -> None:
        """Add the countries of ``codes``, by their ISO code."""
        for code in sorted(set(codes)):
            self.ids[f"country:{code}"] = self.add("res.country", {"name": code, "code": code})

    def company(self) -> None:
        """Add the company, its partner, and the users every database has: the server and the administrator."""
        partner = self.partner({"name": self.world.company, "is_company": True}, id_=1)
        values = {"name": self.world.company, "partner_id": partner, "currency_id": 1}
        self.add("res.company", values, id_=1)
        for user, name, active in ((ROBOT, "OdooBot", False), (ADMIN, "Administrator", True)):
            own = self.partner({"name": name, "partner_share": False, "active": active}, id_=user + 1)
            login = {ROBOT: "__system__", ADMIN: "admin"}[user]
            self.user(name, login, partner=own, active=active, id_=user)

    def user(
        self,
        name: str,
        login: str,
        *,
        partner: int,
        active: bool,
        id_: int | None = None,
        key: str | None = None,
    ) -> int:
        """Add a user and return the id."""
        values = {
            "name": name,
            "login": login,
            "email": login if "@" in login else None,
            "active": active,
            "share": False,
            "partner_id": partner,
            "company_id": 1,
            "lang": "en_US",
            "tz": "UTC",
        }
        return self.add("res.users", values, kind="owner", key=key, id_=id_)

    def partner(self, values: dict[str, Any], **stamps: Any) -> int:
        """Add a partner and return the id; its commercial entity follows from company and parent."""
        row = {"is_company": False, "type": "contact", "partner_share": True, **values}
        made = self.add("res.partner", row, **stamps)
        parent = row.get("parent_id")
        held = self.database.table("res.partner").rows[made]
        held["commercial_partner_id"] = made if row["is_company"] or not parent else parent
        return made


def first_id(database: str, model: str) -> int:
    """Return the first id of a model's records: another one in every database and model."""
    return 11 + zlib.crc32(f"{database}/{model}".encode()) % 900


def micros(salt: int, number: int) -> timedelta:
    """Return the part of a second at which a record was written: never 0, and different from row to row."""
    return timedelta(microseconds=1 + (salt + number * SPREAD) % (MILLION - 1))
