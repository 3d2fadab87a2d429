"""A simulated CRM with figures of our own making and the real target: a write-back without taps and without models."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from tests.writeback.bench import StepClock

from closedloop.kit.writer import FieldWish
from closedloop.sandbox.members import as_members, as_registrations
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.writeback.actual import stream_of
from closedloop.writeback.apply import apply_plan
from closedloop.writeback.plan import make_plan
from closedloop.writeback.revert import revert_run

if TYPE_CHECKING:
    from pathlib import Path

VENDORS = ("salesforce", "hubspot", "odoo")
OBJECTS = {
    "salesforce": ("Campaign", "Account"),
    "hubspot": ("marketing_events", "companies"),
    "odoo": ("event.event", "res.partner"),
}
FIELDS = {
    "salesforce": {"ltv": "Cl_Ltv__c", "att": "Cl_Att__c", "roi": "Cl_Roi__c", "inv": "Cl_Inv__c", "as_of": "Cl_As_Of__c"},
    "hubspot": {"ltv": "cl_ltv", "att": "cl_att", "roi": "cl_roi", "inv": "cl_inv", "as_of": "cl_as_of"},
    "odoo": {"ltv": "x_cl_ltv", "att": "x_cl_att", "roi": "x_cl_roi", "inv": "x_cl_inv", "as_of": "x_cl_as_of"},
}  # fmt: skip
KINDS = {"ltv": "money", "att": "count", "roi": "ratio", "inv": "money", "as_of": "date"}
OF_CAMPAIGN, OF_ACCOUNT = ("ltv", "att", "roi", "as_of"), ("inv", "as_of")
_MARTS = """
create schema param; create schema marts; create schema raw_crm;
create table param.run (as_of date, home_currency varchar, home_digits integer);
create table marts.campaign_measures (
    campaign_key varchar, source varchar, object varchar, source_id varchar, name varchar, url varchar,
    attendee_ltv bigint, attended bigint, roi_realised decimal(18, 6)
);
create table marts.account_measures (
    account_key varchar, source varchar, object varchar, source_id varchar, name varchar, url varchar, invoiced bigint
);
insert into param.run values ('2026-11-21', 'USD', 2);
"""


class Ground:
    """The core's side: figures, journal, and the way to the target. It can be copied, and opened by another process."""

    def __init__(self, folder: Path, vendor: str, connection: dict[str, Any]) -> None:
        self.folder, self.vendor, self.connection = folder, vendor, connection
        self.names = FIELDS[vendor]
        self.campaign, self.account = OBJECTS[vendor]
        self.clock = StepClock()
        self.settings = Settings(
            company={"currency": "USD", "time_zone": "UTC"},
            connections={"crm": {"connector": vendor, "settings": connection}},
            writeback={
                "crm": {
                    "campaign": {
                        "attendee_ltv": self.names["ltv"],
                        "attended": self.names["att"],
                        "roi_realised": self.names["roi"],
                        "as_of": self.names["as_of"],
                    },
                    "account": {"invoiced": self.names["inv"], "as_of": self.names["as_of"]},
                    "guards": {"max_changed": 1, "max_to_zero": 1},
                }
            },
            home=folder,
        )
        fresh = not (folder / "store.duckdb").exists()
        self.store = Store.open(folder / "store.duckdb")
        self.store.connection.execute("set threads = 1")
        self.operations = Operations.open(folder / "operations.db")
        if fresh:
            self.store.connection.execute(_MARTS)
            (folder / "ground.json").write_text(json.dumps([vendor, connection]), encoding="utf-8")

    @classmethod
    def reopened(cls, folder: Path) -> Ground:
        vendor, connection = json.loads((folder / "ground.json").read_text(encoding="utf-8"))
        return cls(folder, vendor, connection)

    def close(self) -> None:
        self.store.close()
        self.operations.close()

    def copied(self, folder: Path) -> Ground:
        """Return the same ground in another folder, as it is now."""
        self.store.connection.execute("checkpoint")
        shutil.copytree(self.folder, folder)
        return Ground(folder, self.vendor, self.connection)

    def figures(self, campaigns: list[str], accounts: list[str], *, turn: int = 1) -> None:
        """Give every record figures; another ``turn``, other figures."""
        self.store.connection.execute(
            "delete from marts.campaign_measures; delete from marts.account_measures"
        )
        for n, key in enumerate(campaigns, start=1):
            values = (1000 * n + turn, 10 * n + turn, Decimal(n + turn) / 8)
            self._figures("campaign", self.campaign, key, values)
        for n, key in enumerate(accounts, start=1):
            self._figures("account", self.account, key, (50 * n + turn,))

    def _figures(self, entity: str, name: str, key: str, values: tuple[Any, ...]) -> None:
        row = [
            f"crm:{name}/{key}",
            "crm",
            name,
            key,
            f"The {entity} {key}",
            f"https://crm.example/{key}",
            *values,
        ]
        marks = ", ".join("?" * len(row))
        self.store.connection.execute(f"insert into marts.{entity}_measures values ({marks})", row)

    def land(self, values: dict[tuple[str, str], dict[str, Any]]) -> None:
        """Land what the CRM holds, as the tap would."""
        now = self.clock.now()
        for name, fields in ((self.campaign, OF_CAMPAIGN), (self.account, OF_ACCOUNT)):
            table, own = f'raw_crm."{stream_of(name)}"', [self.names[field] for field in fields]
            columns = ", ".join(f'"{field}" varchar' for field in own)
            self.store.connection.execute(
                f"create or replace table {table} (id varchar, {columns}, _loaded_at timestamptz, _deleted_at timestamptz)"
            )
            rows = [
                [key, *(None if held.get(field) is None else str(held[field]) for field in own), now, None]
                for (of, key), held in values.items()
                if of == name
            ]
            marks = ", ".join("?" * (len(own) + 3))
            if not rows:
                continue
            self.store.connection.executemany(f"insert into {table} values ({marks})", rows)
        run_id = self.operations.begin_run("sync", self.clock)
        read = dict.fromkeys(("rows", "keys", "requests", "bytes"), 0)
        with self.operations.transaction() as database:
            database.execute(
                tables.stream_run.insert().values(
                    run_id=run_id, connection="crm", stream="all", verdict="proven", at=_text(now), **read
                )
            )

    def plan(self) -> Any:
        return make_plan(self.settings, self.store, self.operations, "crm", clock=self.clock)

    def apply(self, **options: Any) -> Any:
        run_id = self.operations.begin_run("apply", self.clock)
        return apply_plan(
            self.settings,
            self.store,
            self.operations,
            self.plan().id,
            run_id=run_id,
            clock=self.clock,
            **options,
        )

    def revert(self, reverts: str, **options: Any) -> Any:
        run_id = self.operations.begin_run("revert", self.clock)
        return revert_run(self.settings, self.operations, reverts, run_id=run_id, clock=self.clock, **options)

    def journal(self) -> list[Any]:
        with self.operations.reading() as database:
            return list(database.execute(select(tables.journal).order_by(tables.journal.c.id)))

    def last_run(self) -> str:
        """Return the run that wrote last."""
        return str(self.journal()[-1].run_id)


class Crm:
    """The vendor's side: a simulator that has our fields."""

    def __init__(self, vendor: str, simulator: Any, *, most: int) -> None:
        self.vendor, self.simulator = vendor, simulator
        self.objects, self.names = OBJECTS[vendor], FIELDS[vendor]
        self.settings = dict(
            simulator.settings("crm") if callable(simulator.settings) else simulator.settings
        )
        self.ids = [sorted(row["id"] for row in self._rows(name))[:most] for name in self.objects]
        self._provide()

    def _provide(self) -> None:
        """Make the fields, and write each once, so that the vendor shows them."""
        module = import_module(f"target_{self.vendor}.target")
        target = getattr(module, f"Target{self.vendor.capitalize()}")(config=self.settings)
        target.writer.sleep = lambda _seconds: None
        for name, fields in zip(self.objects, (OF_CAMPAIGN, OF_ACCOUNT), strict=True):
            for field in fields:
                wish = FieldWish(stream=name, field=self.names[field], type=KINDS[field], label=field.upper())
                assert target.writer.provision(wish).state in {"created", "exists"}

    def fields(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return our fields of the records that have figures, as the CRM holds them."""
        return {
            (name, row["id"]): {
                own: row.get(own) for own in self.names.values() if own in row or row.get(own)
            }
            for name, chosen in zip(self.objects, self.ids, strict=True)
            for row in self._rows(name)
            if row["id"] in chosen
        }

    def _rows(self, name: str) -> list[dict[str, Any]]:
        if self.vendor == "odoo":
            return [row | {"id": str(row["id"])} for row in self.simulator.records("crm", name)]
        if self.vendor == "salesforce":
            return [row | {"id": row["Id"]} for row in self.simulator.records(name)]
        if name == "marketing_events":
            events = self.simulator.account.events.by_id
            return [{"id": key, **event.custom} for key, event in events.items()]
        return [{**row["properties"], "id": row["id"]} for row in self.simulator.records(name)]

    def put_back(self, held: dict[tuple[str, str], dict[str, Any]]) -> None:
        """Let our fields hold again what they held."""
        for (name, key), values in held.items():
            own = {field: values.get(field) for field in self.names.values()}
            if self.vendor == "odoo":
                have = {field: value for field, value in own.items() if field in values}
                base = self.simulator._engine.databases["crm"]  # noqa: SLF001
                with base.lock:
                    base.table(name).rows[int(key)].update(have)
            elif self.vendor == "salesforce":
                have = {field: value for field, value in own.items() if field in values}
                self.simulator.org.database.tables[name][key].update(have)
            elif name == "marketing_events":
                event = self.simulator.account.events.get(key)
                for field, value in own.items():
                    event.custom.pop(field, None)
                    if value is not None:
                        event.custom[field] = value
            else:
                row = self.simulator.account.tables[name].rows[key]
                for field, value in own.items():
                    row.values.pop(field, None)
                    if value is not None:
                        row.values[field] = value

    def edit(self, key: tuple[str, str], field: str, value: Any) -> None:
        """Change one of our fields as a person would."""
        name, record = key
        if self.vendor == "odoo":
            self.simulator.edit("crm", name, int(record), {self.names[field]: float(value)})
        elif self.vendor == "salesforce":
            self.simulator.edit(name, record, {self.names[field]: Decimal(value)})
        elif name == "marketing_events":
            self.simulator.edit_event(record, custom={self.names[field]: str(value)})
        else:
            self.simulator.edit(name, record, {self.names[field]: str(value)})

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the calls that changed something, of those after ``since``."""
        return [one for one in self.simulator.requests(since) if one["is_write"] and one["executed"]]

    @property
    def calls(self) -> int:
        return len(self.simulator.requests())


@contextmanager
def crm(vendor: str, *, most: int = 6, scale: float = 0.03, **options: Any) -> Any:
    """Serve a small world as one CRM; ``most`` campaigns and as many accounts have figures."""
    world = generate(3, scale)
    if vendor == "odoo":
        held = as_registrations(world)
    else:
        held = as_members(world, unknown="lead" if vendor == "salesforce" else "contact")
    with import_module(f"closedloop.sandbox.{vendor}").serve(held, **options) as simulator:
        yield Crm(vendor, simulator, most=most)


@contextmanager
def ground(folder: Path, made: Crm) -> Any:
    """Yield a ground over a CRM, with figures that were never written."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = Ground(folder, made.vendor, made.settings)
    opened.figures(*made.ids)
    opened.land(made.fields())
    yield opened
    opened.close()


def plain(held: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str, str], str]:
    """Return every field that holds something, printed one way: what two end states are compared by."""
    return {
        (*key, field): format(Decimal(text).normalize(), "f")
        if text.replace(".", "").lstrip("-").isdigit()
        else text
        for key, values in held.items()
        for field, value in values.items()
        if value not in (None, "", False) and (text := str(value))
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
