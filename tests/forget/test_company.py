"""People of whole companies, one of each CRM, are forgotten: nowhere in our stores, every figure what it was, for good."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.forget.proof import figures, traces
from tests.writeback.company import COMPANIES
from typer.testing import CliRunner

from closedloop import connectors
from closedloop.cli.app import app
from closedloop.cli.playground import playground
from closedloop.clock import START_VARIABLE

#: CRM → what is read again to have everybody sent once more.
PEOPLE = {
    "salesforce": ("Lead", "Contact", "CampaignMember"),
    "hubspot": ("contacts", "participations"),
    "odoo": ("res_partner", "crm_lead", "event_registration"),
}
HOUR = 3600
GRETA = ("Greta.Marker@forget.example", "Gréta", "Märkersson", "Engines")
HANS = ("hans.marker@forget.example", "Hans", "Hinterhofer", "Engines")
HEAD = "Email,First Name,Last Name,Company"


@dataclass
class Company:
    """A company in a folder, and `closedloop` in it."""

    play: object
    crm: str
    warm: object
    database: str | None
    clock: datetime

    @property
    def home(self):
        return self.play.folder / ".closedloop"

    def run(self, *verb, code=0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connectors, "process", self.warm.process)
            patch.setenv(START_VARIABLE, self.clock.isoformat())
            arguments = ["--config", str(self.play.config), "--json", *map(str, verb)]
            result = CliRunner().invoke(app, arguments)
        output = result.stdout + result.stderr
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, output
        text = result.stdout.strip()
        return json.loads(text) if text.startswith(("{", "[")) else output

    def later(self):
        """Let time go by: only then does a CRM's search, which is behind, show what was just written."""
        for simulator in {id(one.simulator): one.simulator for one in self.play.sides}.values():
            simulator.advance(HOUR)
        self.clock += timedelta(seconds=HOUR)

    def traces(self, *words, but=None):
        found = traces(self.home, *words, database=self.database)
        return [one for one in found if but is None or but.name not in one]

    def figures(self):
        return figures(self.home)

    def insist_same(self, before, *, doubts):
        """Every figure is what it was; but who may have been whom is decided as it stood, and asks nobody any more."""
        after = self.figures()
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        assert changed == ({"review_queue"} if doubts else set())
        assert after["review_queue"] <= before["review_queue"]


@pytest.fixture(
    scope="module",
    params=[
        "salesforce",
        "hubspot",
        "odoo",
        pytest.param("salesforce on PostgreSQL", marks=pytest.mark.servers),
    ],
)
def company(request, warm_taps, tmp_path_factory):
    crm, _, server = request.param.partition(" on ")
    database = request.getfixturevalue("postgres").fresh() if server else None
    folder = tmp_path_factory.mktemp("forget") / crm
    with playground(folder, seed=5, scale=0.03, mode="apply", crm=crm, ledger=COMPANIES[crm]) as play:
        more = "matching: {policy: exact}\n" + (f"database: {json.dumps(database)}\n" if database else "")
        play.config.write_text(f"{play.config.read_text()}{more}")
        noon = datetime.fromisoformat(play.clock)
        made = Company(play=play, crm=crm, warm=warm_taps, database=database, clock=noon)
        made.run("provision")
        made.run("provision", "--import")
        made.run("run")
        yield made


def contacts(company):
    """Return contacts with an address and a name of their own, those who were at most events first."""
    world, there = company.play.world, Counter(one.person for one in company.play.world.registrations)
    mails = Counter(one.email.lower() for one in world.people if one.email)
    names = Counter(one.name.lower() for one in world.people)
    return sorted(
        (
            one
            for one in world.people
            if one.kind == "contact" and one.email and "@" in one.email and one.account and one.last_name
            and one.first_name and mails[one.email.lower()] == 1 and names[one.name.lower()] == 1
        ),
        key=lambda one: (-there[one.key], one.key),
    )  # fmt: skip


@pytest.mark.long
def test_whoever_is_forgotten_stays_so_whatever_comes_again(company):
    """Imported and not yet read back; imported and read back; known of old, with another record that somebody declared the same.

    Where the CRM has two records of one address, what kept those people apart is gone: it is decided instead. Records that only
    have their name (an address mistyped at the door) are told, and go when they are named.
    """
    everybody = []
    everybody += _forget_before_the_crm_sent_them(company, GRETA)
    imported(company, HANS)
    one, other = contacts(company)[:2]
    company.run("review", "same", key_of(company, other), key_of(company, one), "--who", "Bob")
    twin = second_of(company, one.email)
    company.later()
    company.run("sync")
    company.run("reconcile")
    assert company.traces(*everybody) == []
    old, before = Path(company.run("backup")["file"]), company.figures()
    everybody += [HANS[0], HANS[2], one.email, one.name, other.email, other.name, *twin]
    assert len(company.traces(*everybody)) > len(everybody)

    done = [company.run("forget", who, "--yes") for who in (HANS[0], one.email)]

    namesakes = sorted({key for known in done for key in known["namesakes"]})
    left = set(company.traces(*everybody, but=old))
    assert bool(namesakes) == bool(left)
    assert left <= {f"store.duckdb: {known.name.lower()}" for known in (one, other)}
    done += [company.run("forget", key, "--yes") for key in namesakes]

    assert all(known["same_figures"] for known in done)
    assert bool(done[1]["kept_links"]) == bool(twin)
    company.insist_same(before, doubts=bool(twin))
    assert company.traces(*everybody, but=old) == []

    company.run("restore", old, "--replace")
    for stream in PEOPLE[company.crm]:
        company.run("backfill", f"crm/{stream}")
    company.run("reconcile")

    company.insist_same(before, doubts=bool(twin))
    assert company.traces(*everybody, but=old) == []
    told = [entry for entry in company.run("audit", "--since", "2020-01-01") if entry["verb"] == "forget"]
    assert {entry["record"] for entry in told} >= {known["token"] for known in done}


def _forget_before_the_crm_sent_them(company, who):
    imported(company, who)
    words = (who[0], who[1], who[2])
    assert company.traces(*words)

    done = company.run("forget", who[0], "--yes", "--backups")

    assert done["records"] == {}
    assert {"import_row", "creation"} <= done["tables"].keys()
    assert company.traces(*words) == []
    return words


def imported(company, who):
    """Import somebody; the list is not ours to keep."""
    file = company.play.folder / "list.csv"
    file.write_text(f"{HEAD}\n{','.join(who)}\n", encoding="utf-8")
    event = next(one for one in company.play.world.events if one.status == "done")
    company.run("import", "leads", file, "--campaign", event.name, "--yes")
    file.unlink()


def key_of(company, person):
    return company.play.crm.keys()[person.key]


def second_of(company, email):
    """Let the CRM have another person at the same address, where it can; return what tells of them."""
    name = ("Zacharias", "Zweitmann")
    if company.crm == "salesforce":
        values = {"FirstName": name[0], "LastName": name[1], "Email": email}
        company.play.crm.simulator.create("Contact", values)
    elif company.crm == "odoo":
        values = {"name": " ".join(name), "email": email, "is_company": False}
        company.play.crm.simulator.create("crm", "res.partner", values)
    else:
        return ()  # an address is one contact's there
    return name
