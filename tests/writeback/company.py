"""A small company with a CRM and a ledger, simulated, whose cycles run inside the test's process."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
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
    from pathlib import Path

CRMS = ("salesforce", "hubspot", "odoo")
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

    def run(self, **options: Any) -> cycle.Cycle:
        return cycle.run(self.opened, **options)

    def sync(self) -> None:
        with (
            self.opened.writer() as store,
            recorded(self.opened.operations, "sync", self.opened.clock) as record,
        ):
            cycle.insist_complete(cycle.read(self.opened, store, record))

    def reconcile(self) -> None:
        with (
            self.opened.writer() as store,
            recorded(self.opened.operations, "reconcile", self.opened.clock) as run,
        ):
            cycle.reconcile(self.opened, store, run)

    def plan(self) -> Any:
        with self.opened.writer() as store:
            return make_plan(
                self.opened.settings, store, self.opened.operations, "crm", clock=self.opened.clock
            )

    def apply(self, **options: Any) -> Any:
        plan = self.plan()
        with (
            self.opened.writer() as store,
            recorded(self.opened.operations, "apply", self.opened.clock) as record,
        ):
            return cycle.apply(self.opened, store, record, plan.id, **options)

    def revert(self, run_id: str, **options: Any) -> Any:
        with self.opened.writer(), recorded(self.opened.operations, "revert", self.opened.clock) as record:
            return revert_run(
                self.opened.settings, self.opened.operations, run_id, run_id=record.id, clock=self.opened.clock,
                **options,
            )  # fmt: skip

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the vendor's log of writes that it carried out."""
        return [one for one in self.play.requests(since) if one.get("is_write")]

    def fields(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return our own fields as the CRM holds them."""
        part = self.opened.settings.writeback["crm"]
        found = {}
        for name, mapped in zip(OBJECTS[self.crm], (part.campaign, part.account), strict=True):
            for row in self._records(name):
                own = {field: row.get(field) for field in mapped.values()}
                found[name, str(row.get("Id") or row.get("id"))] = own
        return found

    def _records(self, name: str) -> list[dict[str, Any]]:
        if self.crm == "odoo":
            return self.simulator.records("crm", name)
        if self.crm == "salesforce":
            return self.simulator.records(name)
        if name == "marketing_events":
            events = self.simulator.account.events
            return [{"id": key, **held.custom} for key, held in events.events.items()]
        return [{"id": row["id"], **row["properties"]} for row in self.simulator.records(name)]


@contextmanager
def company(
    folder: Path, crm: str, *, ledger: str = "odoo", seed: int = 5, scale: float = 0.05, mode: str = "apply"
):
    """Yield a company whose fields are made and that was never written to."""
    with playground(folder, seed=seed, scale=scale, mode=mode, crm=crm, ledger=ledger) as play:
        text = play.config.read_text(encoding="utf-8")
        play.config.write_text(text + "\nmatching: {policy: exact}\n", encoding="utf-8")
        with living_at(play.clock), session(load(play.config), system_clock()) as opened:
            made = Company(crm=crm, play=play, opened=opened)
            provision(opened.settings, "crm")
            yield made
