"""A CRM, its figures and everything between, small enough for a test."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, select
from tests.contract.toy_target import ToyVendor
from tests.writeback.scripted import ScriptedTarget

from closedloop.clock import Clock
from closedloop.connectors import process
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.stamps import to_text
from closedloop.writeback.apply import apply_plan
from closedloop.writeback.plan import make_plan
from closedloop.writeback.revert import revert_run

EVENT, PARTNER = "event.event", "res.partner"
_FIELDS = {EVENT: ("x_ltv", "x_att", "x_roi", "x_as_of"), PARTNER: ("x_inv",)}
_MARTS = """
create schema param; create schema marts; create schema raw_crm;
create table param.run (as_of date, home_currency varchar, home_digits integer);
create table marts.campaign_measures (
    campaign_key varchar, source varchar, object varchar, source_id varchar,
    attendee_ltv bigint, attended bigint, roi_realised decimal(18, 6)
);
create table marts.account_measures (
    account_key varchar, source varchar, object varchar, source_id varchar, invoiced bigint
);
create table raw_crm.event_event (
    id bigint, x_ltv varchar, x_att bigint, x_roi varchar, x_as_of date,
    _loaded_at timestamptz, _deleted_at timestamptz
);
create table raw_crm.res_partner (id bigint, x_inv varchar, _loaded_at timestamptz, _deleted_at timestamptz);
"""


def _literal(value: object) -> str:
    return "null" if value is None else f"'{value}'"


class StepClock(Clock):
    """A clock that moves a second at each look, so that nothing happens at the same time."""

    __slots__ = ("moment",)

    def now(self) -> datetime:
        self.moment = getattr(self, "moment", 1_800_000_000) + 1
        return datetime.fromtimestamp(self.moment, UTC)


class Bench:
    """Everything a write-back needs, in one folder."""

    def __init__(self, folder: Path, *, policy: dict | None = None, guards: dict | None = None) -> None:
        self.folder = folder
        self.vendor = ToyVendor(folder / "vendor")
        self.clock = StepClock()
        self.starts: list[list[str]] = []
        section = {
            "campaign": {
                "attendee_ltv": "x_ltv",
                "attended": "x_att",
                "roi_realised": "x_roi",
                "as_of": "x_as_of",
            },
            "account": {"invoiced": "x_inv"},
            "policy": policy or {},
            "guards": guards or {},
        }
        self.settings = Settings(
            company={"currency": "USD", "time_zone": "UTC"},
            connections={"crm": {"connector": "odoo", "settings": {"folder": str(self.vendor.folder)}}},
            writeback={"crm": section},
            home=folder,
        )
        fresh = not (folder / "store.duckdb").exists()
        self.store = Store.open(folder / "store.duckdb")
        self.store.connection.execute("set threads = 1")
        self.operations = Operations.open(folder / "operations.db")
        if fresh:
            self.store.connection.execute(_MARTS)
            self.store.connection.execute("insert into param.run values ('2026-11-21', 'USD', 2)")

    def close(self) -> None:
        self.store.close()
        self.operations.close()

    def launch(self, args, config):
        return ScriptedTarget(list(args), dict(config), self.starts)

    def launch_process(self, args, config):
        """Write with a real process of the toy target; reading needs none."""
        if args:
            return self.launch(args, config)
        toy = Path(__file__).parent.parent / "contract" / "toy_target.py"
        return process([sys.executable, str(toy)], args, config, stdin=subprocess.PIPE)

    def world(self, events: int = 4, partners: int = 2) -> None:
        """Fill CRM and figures: nothing was ever written."""
        for n in range(1, events + 1):
            self.vendor.add(EVENT, str(n), x_ltv=0.0, x_att=0, x_roi=0.0, x_as_of=None)
            self.event(n, ltv=1000 * n, attended=10 * n, roi=f"0.{n}00000")
        for n in range(1, partners + 1):
            self.vendor.add(PARTNER, str(n), x_inv=0.0)
            self.partner(n, invoiced=50 * n)
        self.sync()

    def event(self, n: int, *, ltv, attended, roi=None) -> None:
        """Set the figures of an event, money in cents."""
        self._figures("campaign", EVENT, n, ltv, attended, roi)

    def partner(self, n: int, *, invoiced) -> None:
        self._figures("account", PARTNER, n, invoiced)

    def _figures(self, entity: str, name: str, n: int, *values) -> None:
        table, key = f"marts.{entity}_measures", f"crm:{name}/{n}"
        row = ", ".join(_literal(value) for value in (key, "crm", name, str(n), *values))
        self.store.connection.execute(
            f"delete from {table} where source_id = '{n}'; insert into {table} values ({row})"
        )

    def as_of(self, day: str) -> None:
        self.store.connection.execute("update param.run set as_of = ?", [day])

    def sync(self, verdict: str = "proven") -> None:
        """Land what the vendor holds now, as the tap would."""
        now = self.clock.now()
        for name, fields in _FIELDS.items():
            table = f"raw_crm.{name.replace('.', '_')}"
            self.store.connection.execute(f"delete from {table}")
            rows = [
                f"({key}, {', '.join(_literal(values.get(field)) for field in fields)}, '{now}', null)"
                for key, values in self.vendor.state().get(name, {}).items()
            ]
            if rows:
                self.store.connection.execute(f"insert into {table} values {', '.join(rows)}")
        run_id = self.operations.begin_run("sync", self.clock)
        with self.operations.transaction() as connection:
            for stream in ("event_event", "res_partner"):
                connection.execute(
                    insert(tables.stream_run).values(
                        run_id=run_id,
                        connection="crm",
                        stream=stream,
                        rows=0,
                        keys=0,
                        requests=0,
                        bytes=0,
                        verdict=verdict,
                        at=to_text(now),
                    )
                )

    def plan(self, **options):
        return make_plan(self.settings, self.store, self.operations, "crm", clock=self.clock, **options)

    def apply(self, plan_id: str | None = None, *, launch=None, **options):
        plan_id = plan_id or self.plan().id
        run_id = self.operations.begin_run("apply", self.clock)
        return apply_plan(
            self.settings, self.store, self.operations, plan_id,
            run_id=run_id, clock=self.clock, launch=launch or self.launch, **options,
        )  # fmt: skip

    def revert(self, reverts: str, **options):
        run_id = self.operations.begin_run("revert", self.clock)
        return revert_run(
            self.settings, self.operations, reverts,
            run_id=run_id, clock=self.clock, launch=self.launch, **options,
        )  # fmt: skip

    def journal(self) -> list:
        with self.operations.reading() as connection:
            return list(connection.execute(select(tables.journal).order_by(tables.journal.c.id)))

    def quarantine(self) -> list:
        with self.operations.reading() as connection:
            return list(connection.execute(select(tables.quarantine)))
