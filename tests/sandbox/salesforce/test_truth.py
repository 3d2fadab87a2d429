"""The world through the simulator, the tap, the store and the models gives the figures of the truth, to the cent."""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from closedloop import connectors
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import odoo, salesforce
from closedloop.sandbox.check import TABLES, Published, check_own_links, check_true_links
from closedloop.sandbox.links import decisions
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.writeback.apply import apply_plan
from closedloop.writeback.plan import make_plan
from closedloop.writeback.provision import provision

BOOKS = {"customer", "document", "line", "payment", "allocation", "cost_line"}
#: Records that only Salesforce has: the world knows nothing of leads that were converted.
OWN = {"converted_lead", "opportunity_field_change"}


def installed():
    try:
        return connectors.tap_module("salesforce")
    except ConfigError:
        return None


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(installed() is None, reason="the entry point of tap-salesforce is not installed"),
]


class Ground:
    """A store that read its CRM from a simulated Salesforce and its ledger from a simulated Odoo."""

    def __init__(self, folder, world, crm, books):
        self.world, self.crm = world, crm
        self.keys = {
            key: f"{name}:{record}"
            for name, simulator in (("crm", crm), ("books", books))
            for kind, records in simulator.keys.items()
            if kind not in OWN and (kind in BOOKS) == (name == "books")
            for key, record in records.items()
        }
        self.settings = Settings(
            company={"currency": world.home_currency, "time_zone": world.zone},
            connections={
                "crm": {
                    "connector": "salesforce",
                    "settings": {
                        "url": crm.url,
                        "client_id": crm.client_id,
                        "client_secret": crm.client_secret,
                    },
                },
                "books": {
                    "connector": "odoo",
                    "settings": {"url": books.url, "database": "books", "api_key": books.api_keys["books"]},
                },
            },
            writeback={
                "crm": {
                    "campaign": {
                        "attendee_ltv": "LTV__c",
                        "attended": "Came__c",
                        "win_rate": "Win__c",
                        "as_of": "At__c",
                    },
                    "account": {"invoiced": "Invoiced__c", "first_document_date": "Since__c"},
                }
            },
            home=folder,
        )
        self.clock = Clock(start=datetime.combine(world.as_of, time(12), tzinfo=UTC))
        self.store = Store.open(folder / "store.duckdb")
        self.operations = Operations.open(folder / "operations.db")

    def sync(self, *connections):
        run = self.operations.begin_run("sync", self.clock)
        return sync(
            self.settings,
            connections=list(connections),
            store=self.store,
            operations=self.operations,
            run_id=run,
            clock=self.clock,
        )

    def published(self, *, automatic_links=False):
        with self.operations.transaction() as connection:
            connection.execute(tables.decision.delete())
            for one in () if automatic_links else decisions(self.world, self.keys):
                row = {"kind": one.kind, "left_key": one.left_key, "right_key": one.right_key}
                row |= {"verdict": "accept", "who": "test", "why": "", "at": "2026-10-31T00:00:00Z"}
                connection.execute(tables.decision.insert().values(**row))
        made = reconcile(
            self.settings,
            self.store,
            self.operations,
            as_of=self.world.as_of,
            clock=self.clock,
            automatic_links=automatic_links,
        )
        found = {}
        for name, table in TABLES.items():
            layer = "link" if table.startswith("link_") else "marts"
            rows = self.store.connection.execute(f"select * from {layer}.{table}")
            names = [column[0] for column in rows.description]
            found[name] = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        return made, Published(**found)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    world = as_members(generate(7, 0.06), unknown="lead")
    with salesforce.serve(world) as crm, odoo.serve(world) as books:
        made = Ground(tmp_path_factory.mktemp("salesforce"), world, crm, books)
        made.first = made.sync("crm", "books")
        yield made
        made.store.close()
        made.operations.close()


def test_every_stream_of_the_crm_is_proven(ground):
    crm = {result.stream: result for result in ground.first if result.connection == "crm"}

    assert {result.stream: result.verdict for result in crm.values() if result.verdict != "proven"} == {}


def test_the_figures_are_the_truth_to_the_cent(ground):
    made, published = ground.published()

    assert made.checks == []
    assert [str(one) for one in check_true_links(ground.world, published, ground.keys)] == []


def own_links(ground, published):
    """Judge what we found out. The world has no converted leads: Salesforce says itself who they are."""
    converted = {f"crm:{record}" for record in ground.crm.keys["converted_lead"].values()}
    assert converted
    people = [row for row in published.person if row["identity_key"] not in converted]
    return check_own_links(ground.world, replace(published, person=people), ground.keys)


def test_our_own_links_are_right_and_explain_what_differs(ground):
    made, published = ground.published(automatic_links=True)

    own = own_links(ground, published)

    assert made.checks == []
    assert own.verdict.false == []
    assert [str(one) for one in own.differences] == []


def test_the_figures_reach_salesforce_and_nothing_is_left_to_write(ground):
    assert {answer.state for answer in provision(ground.settings, "crm")} == {"created"}
    ground.sync("crm")
    if not ground.store.columns("param", "run"):
        ground.published()
    open_plan = make_plan(ground.settings, ground.store, ground.operations, "crm", clock=ground.clock)
    before = len(ground.crm.requests())

    run_id = ground.operations.begin_run("apply", ground.clock)
    applied = apply_plan(
        ground.settings, ground.store, ground.operations, open_plan.id, run_id=run_id, clock=ground.clock
    )

    assert applied.exit_code == 0
    assert applied.delivered.written == applied.delivered.verified == len(open_plan.rows) > 0
    writes = [one for one in ground.crm.requests()[before:] if one["is_write"]]
    assert len(writes) == 2, "campaigns and accounts: one call each"
    figures = dict(ground.store.query("select source_id, attendee_ltv from marts.campaign_measures"))
    held = {row["Id"]: row["LTV__c"] for row in ground.crm.records("Campaign")}
    assert {key: Decimal(value).scaleb(-2) for key, value in figures.items()} == held

    ground.sync("crm")
    again = make_plan(ground.settings, ground.store, ground.operations, "crm", clock=ground.clock)
    assert again.rows == ()


def test_merges_and_conversions_in_salesforce_say_who_is_who(ground):
    def parts(key):
        return ground.keys[key].removeprefix("crm:").split("/")

    rows = {row["Id"]: row for row in ground.crm.records("Contact")}
    links = ground.world.links
    done = {"merge": 0, "convert": 0}
    for loser, kept in {**links.account_account, **links.person_person}.items():
        (name, lost), (other, master) = parts(loser), parts(kept)
        if name == other:
            ground.crm.merge(name, master, lost)
            done["merge"] += 1
        elif (name, other) == ("Lead", "Contact") and rows[master]["AccountId"]:
            ground.crm.control.convert(lost, contact=master, account=rows[master]["AccountId"])
            done["convert"] += 1
    assert all(done.values()), done

    results = ground.sync("crm")
    made, published = ground.published(automatic_links=True)

    assert {result.verdict for result in results} <= {"proven", "unproven"}
    assert made.checks == []
    assert own_links(ground, published).verdict.false == []
    people = {row["identity_key"]: row["person_key"] for row in published.person}
    moved = [one for one in ground.world.registrations if one.person in links.person_person]
    assert moved, "our own links alone leave all of these apart"
    assert [people[ground.keys[one.key]] for one in moved] == [
        ground.keys[links.person_person[one.person]] for one in moved
    ]
