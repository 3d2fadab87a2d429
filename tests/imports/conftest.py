"""A small company's CRM, read and reconciled, and `closedloop import` run against it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from tests.warm import Warm
from typer.testing import CliRunner

from closedloop import connectors
from closedloop.cli.app import app
from closedloop.sandbox.members import as_members, as_registrations
from closedloop.sandbox.world import generate

#: What an import needs to know; the other streams would only take time.
STREAMS = {"salesforce": ["Campaign", "CampaignMember", "Lead", "Contact", "Account"]}
PEOPLE = {"salesforce": "Lead", "hubspot": "contacts", "odoo": "crm.lead"}
MEMBERS = {"salesforce": "CampaignMember", "hubspot": "participations", "odoo": "event.registration"}


@pytest.fixture(scope="session")
def warm_targets():
    started = Warm()
    yield started
    started.close()


@dataclass
class Desk:
    """One folder with a configuration, the CRM behind it, and `closedloop` in it."""

    folder: Path
    crm: str
    simulator: object
    world: object
    warm: object
    logged: list[str] = field(default_factory=list)

    @property
    def clock(self):
        return self.simulator.now().isoformat()

    @property
    def config(self):
        return self.folder / "closedloop.yaml"

    def run(self, *verb, code=0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connectors, "process", self.warm.process)
            patch.setenv("CLOSEDLOOP_CLOCK", self.clock)
            result = CliRunner().invoke(app, ["--config", str(self.config), "--json", *map(str, verb)])
        self.logged.append(result.stderr)
        output = result.stdout + result.stderr
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, output
        text = result.stdout.strip()
        # What was done comes before the error, if it was done in part.
        return json.JSONDecoder().raw_decode(text)[0] if text.startswith(("{", "[")) else output

    def list(self, *people, name="scans.csv", head="Email,First Name,Last Name,Company"):
        file = self.folder / name
        file.write_text("\n".join([head, *(",".join(one) for one in people)]) + "\n")
        return file

    def leads(self, file, *more, campaign=None, code=0):
        return self.run("import", "leads", file, "--campaign", campaign or self.event.name, *more, code=code)

    def apply(self, file, *more, code=0):
        return self.leads(file, "--yes", *more, code=code)

    @property
    def event(self):
        return next(one for one in self.world.events if one.status == "done")

    def world_event(self, key):
        return next(one for one in self.world.events if one.key == key)

    def touch(self, email):
        """Change a person's record by hand."""
        if self.crm == "salesforce":
            row = next(row for row in self.people() if row["Email"] == email)
            self.simulator.edit("Lead", row["Id"], {"Title": "Chief"})
        elif self.crm == "hubspot":
            row = next(row for row in self.people() if row["properties"].get("email") == email)
            self.simulator.edit("contacts", row["id"], {"lastname": "Married"})
        else:
            row = next(row for row in self.people() if row["email_from"] == email)
            self.simulator.edit("crm", "crm.lead", row["id"], {"contact_name": "Tom Married"})

    def people(self):
        return self._rows(PEOPLE[self.crm])

    def members(self):
        if self.crm == "hubspot":
            there = self.simulator.account.events.there
            return [(event, contact) for event, rows in there.items() for contact in rows]
        return self._rows(MEMBERS[self.crm])

    def _rows(self, name):
        rows = self.simulator.records(*(("crm", name) if self.crm == "odoo" else (name,)))
        return [row for row in rows if not row.get("IsDeleted") and not row.get("archived")]

    def stranger(self):
        """Somebody whom the CRM knows and who was not at the event: a contact with an e-mail address and a name."""
        there = {one.person for one in self.world.registrations if one.event == self.event.key}
        there_mail = {one.email for one in self.world.registrations if one.event == self.event.key}
        return next(
            one
            for one in self.world.people
            if one.kind == "contact" and one.email and "@" in one.email and one.key not in there
            and one.email not in there_mail and one.first_name and one.last_name
            and sum(other.email == one.email for other in self.world.people) == 1
        )  # fmt: skip


def settings_of(simulator, crm):
    return simulator.settings("crm") if callable(simulator.settings) else dict(simulator.settings)


@pytest.fixture(scope="session")
def served(warm_targets):
    """Start a CRM's simulator, and read and reconcile it once."""
    import importlib
    import tempfile
    from contextlib import ExitStack

    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def start(crm):
            world = generate(5, 0.03)
            world = (
                as_registrations(world)
                if crm == "odoo"
                else as_members(world, unknown={"salesforce": "lead"}.get(crm, "contact"))
            )
            simulator = stack.enter_context(importlib.import_module(f"closedloop.sandbox.{crm}").serve(world))
            folder = top / f"{crm}-{len(list(top.iterdir()))}"
            folder.mkdir()
            data = {
                "company": {"currency": "USD", "time_zone": "UTC"},
                "matching": {"policy": "exact"},
                "connections": {
                    "crm": {
                        "connector": crm,
                        "settings": settings_of(simulator, crm),
                        "streams": STREAMS.get(crm),
                    }
                },
                "writeback": {"crm": {"campaign": {}}},
            }
            (folder / "closedloop.yaml").write_text(yaml.safe_dump(data))
            desk = Desk(folder=folder, crm=crm, simulator=simulator, world=world, warm=warm_targets)
            desk.run("sync")
            desk.run("reconcile")
            desk.run("provision", "--import")
            return desk

        yield start


@pytest.fixture(
    scope="session",
    params=["salesforce", *(pytest.param(crm, marks=pytest.mark.long) for crm in ("hubspot", "odoo"))],
)
def desk(request, served):
    """Each CRM in turn."""
    return request.getfixturevalue("salesforce") if request.param == "salesforce" else served(request.param)


@pytest.fixture(scope="session")
def salesforce(served):
    """Salesforce, once for all tests."""
    return served("salesforce")
