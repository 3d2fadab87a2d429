"""A small company with a CRM and a ledger, simulated, whose cycles run inside the test's process."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from closedloop.cli.playground import Playground, living_at, playground
from closedloop.clock import system_clock
from closedloop.config import load
from closedloop.service import cycle
from closedloop.service.record import recorded
from closedloop.service.session import session
from closedloop.writeback.plan import make_plan
from closedloop.writeback.provision import provision
from closedloop.writeback.revert import revert_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: CRM → the ledger beside it: every kind of each once.
COMPANIES = {"salesforce": "quickbooks", "hubspot": "xero", "odoo": "odoo"}
#: CRM → what campaigns and accounts are there.
OBJECTS = {
    "salesforce": ("Campaign", "Account"),
    "hubspot": ("marketing_events", "companies"),
    "odoo": ("event.event", "res.partner"),
}


@dataclass
class Company:
    """What a test does with it."""

    crm: str
    play: Playground
    opened: Any

    @property
    def simulator(self) -> Any:
        return self.play.crm.simulator

    @property
    def field(self) -> str:
        """The CRM's field that holds the lifetime value of an event's attendees."""
        return self.opened.settings.writeback["crm"].campaign["attendee_ltv"]

    def run(self, **options: Any) -> cycle.Cycle:
        return cycle.run(self.opened, **options)

    def apply(self, **options: Any) -> Any:
        """Plan and apply what was read last."""
        with (
            self.opened.writer() as store,
            recorded(self.opened.operations, "apply", self.opened.clock) as record,
        ):
            opened = self.opened
            plan = make_plan(opened.settings, store, opened.operations, "crm", clock=opened.clock)
            return cycle.apply(opened, store, record, plan.id, **options)

    def revert(self, run_id: str) -> Any:
        opened = self.opened
        with opened.writer(), recorded(opened.operations, "revert", opened.clock) as record:
            return revert_run(
                opened.settings, opened.operations, run_id, run_id=record.id, clock=opened.clock
            )

    def calls(self) -> int:
        return len(self.simulator.requests())

    def writes(self, since: int) -> list[dict[str, Any]]:
        """Return the calls that change something, of the CRM's log of requests after ``since``."""
        return [one for one in self.simulator.requests(since) if one["is_write"]]

    def held(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return our own fields as the CRM holds them."""
        part = self.opened.settings.writeback["crm"]
        return {
            (name, str(row.get("Id") or row.get("id"))): {field: row.get(field) for field in mapped.values()}
            for name, mapped in zip(OBJECTS[self.crm], (part.campaign, part.account), strict=True)
            for row in self._records(name)
        }

    def _records(self, name: str) -> list[dict[str, Any]]:
        if self.crm == "odoo":
            return self.simulator.records("crm", name)
        if self.crm == "salesforce":
            return self.simulator.records(name)
        if name == "marketing_events":
            return [{"id": key, **held.custom} for key, held in self.simulator.account.events.by_id.items()]
        return [{"id": row["id"], **row["properties"]} for row in self.simulator.records(name)]

    def rename_field(self) -> Callable[[], None]:
        """Take our field of the events away; return what puts it back."""
        name = OBJECTS[self.crm][0]
        if self.crm == "hubspot":
            held = self.simulator.account.properties.of[name][self.field]
            held["archived"] = True
            return lambda: held.update(archived=False)
        fields = self._fields(name)
        before = fields.pop(self.field)
        return lambda: fields.__setitem__(self.field, before)

    def lock_field(self) -> Callable[[], None]:
        """Make our field of the events read-only; return what undoes it."""
        name = OBJECTS[self.crm][0]
        if self.crm == "hubspot":
            about = self.simulator.account.properties.of[name][self.field]["modificationMetadata"]
            about["readOnlyValue"] = True
            return lambda: about.update(readOnlyValue=False)
        if self.crm == "salesforce":
            grants = self.simulator.org.database.tables["FieldPermissions"].values()
            mine = [row for row in grants if row["Field"] == f"{name}.{self.field}"]
            return self._granted(mine, may_edit=False)
        fields = self._fields(name)
        before = fields[self.field]
        fields[self.field] = replace(before, readonly=True)
        return lambda: fields.__setitem__(self.field, before)

    def _granted(self, rows: list[dict[str, Any]], *, may_edit: bool) -> Callable[[], None]:
        for row in rows:
            row["PermissionsEdit"] = may_edit
        self.simulator.org.database.version += 1
        return lambda: self._granted(rows, may_edit=True) and None

    def _fields(self, name: str) -> dict[str, Any]:
        if self.crm == "odoo":
            return self.simulator._engine.databases["crm"].models[name].fields  # noqa: SLF001
        return self.simulator.org.database.objects[name].fields


@contextmanager
def company(folder: Path, crm: str, *, seed: int = 5, scale: float = 0.03) -> Iterator[Company]:
    """Yield a company whose fields are made and that was never written to."""
    with playground(folder, seed=seed, scale=scale, mode="apply", crm=crm, ledger=COMPANIES[crm]) as play:
        text = play.config.read_text(encoding="utf-8")
        play.config.write_text(text + "\nmatching: {policy: exact}\n", encoding="utf-8")
        with living_at(play.clock), session(load(play.config), system_clock()) as opened:
            provision(opened.settings, "crm")
            yield Company(crm=crm, play=play, opened=opened)
