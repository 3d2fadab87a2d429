"""The main job on software that none of us wrote: read a real Odoo, compute, write back, notice a hand, undo."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from types import SimpleNamespace

import pytest
import yaml
from tests.servers.odoo.api import Api

from closedloop.cli import proof, published
from closedloop.cli.playground import Playground, living_at
from closedloop.cli.starter import Answers, System, render
from closedloop.clock import Clock, system_clock
from closedloop.config import load
from closedloop.sandbox.stand import Side
from closedloop.service import cycle
from closedloop.service.record import recorded
from closedloop.service.session import session
from closedloop.writeback.provision import provision
from closedloop.writeback.revert import revert_run

pytestmark = pytest.mark.servers

CAMPAIGN = ("attendee_ltv", "ltv_after_event", "attributed_linear", "cost")
ACCOUNT = ("invoiced", "collected")


def configuration(company, folder, api):
    """The file that `init` would write, with the API chosen by hand; RPC takes the key as the password."""
    systems = {}
    for name in ("crm", "books"):
        key = folder / f"key.{name}"
        key.write_text(company.server.key(name))
        known = {"url": company.server.url, "database": name}
        systems[name] = System(settings=known, secrets={"api_key": str(key)})
    answers = Answers(
        company=company.world.company,
        currency=company.world.home_currency,
        time_zone=company.world.zone,
        **systems,
    )
    written = yaml.safe_load(render(answers))
    for connection in written["connections"].values():
        connection["settings"] |= {"api": api} if api == "json2" else {"api": api, "login": "admin"}
    written["writeback"]["crm"]["mode"] = "apply"
    path = folder / "closedloop.yaml"
    path.write_text(yaml.safe_dump(written))
    return path


def ground(company, folder, config):
    """What the comparison with the truth needs to know: the world, the file, and who got which key."""
    keys = {"campaign": {}, "document": {}}
    for key, (database, model, number) in company.keys.items():
        keys["campaign" if database == "crm" else "document"][key] = f"{model}/{number}"
    noon = datetime.combine(company.world.as_of, time(12), tzinfo=UTC).isoformat()
    server = SimpleNamespace(keys=keys, url=company.server.url)
    crm, books = (
        Side(name=name, connector="odoo", simulator=server, settings={}) for name in ("crm", "books")
    )
    return Playground(folder=folder, config=config, world=company.world, crm=crm, books=books, clock=noon)


@dataclass
class Loop:
    """The product at work on a company."""

    company: object
    ground: Playground
    crm: Api
    clock: Clock

    @contextmanager
    def opened(self):
        with session(load(self.ground.config), self.clock) as opened:
            yield opened

    def run(self):
        with self.opened() as opened:
            return cycle.run(opened)

    def revert(self, run_id):
        with (
            self.opened() as opened,
            opened.writer(),
            recorded(opened.operations, "revert", opened.clock) as record,
        ):
            return revert_run(
                opened.settings, opened.operations, run_id, run_id=record.id, clock=opened.clock
            )

    def figures(self, table):
        with self.opened() as opened, opened.store() as store:
            return list(published.rows(store, f"select * from marts.{table}"))

    def held(self, model, measures):
        """What Odoo holds in our fields: id → values, read by an API client of the tests' own."""
        fields = [f"x_cl_{name}" for name in measures]
        return {
            row["id"]: [row[field] for field in fields] for row in self.crm.rows(model, [], ["id", *fields])
        }

    def stamps(self):
        """When each record that we may write was written last."""
        return {
            model: {row["id"]: row["write_date"] for row in self.crm.rows(model, [], ["write_date"])}
            for model in ("event.event", "res.partner")
        }


@contextmanager
def at_work(company, folder, api):
    made = ground(company, folder, configuration(company, folder, api))
    with living_at(made.clock):
        # One clock for the whole test: a new one would start the world's day again.
        yield Loop(company, made, Api(company.server.url, "crm", company.server.key("crm")), system_clock())


def as_odoo_holds(figures, measures):
    """A row of the marts in minor units as Odoo keeps money; an empty figure cannot be told from nought there."""
    return [float(Decimal(figures[name] or 0) / 100) for name in measures]


def but_for_cents(found, world):
    """Return the differences that are more than a real Odoo's own rounding.

    It states the home amount of a foreign document as the sum of its lines and its tax, each rounded, and the tie-out takes
    what the ledger states: what is open at a month's end may be a cent more or less for each such document.
    """
    most = sum(document.currency != world.home_currency for document in world.documents)
    return [
        one
        for one in found
        if (one.table, one.column) != ("tie_out", "documents_open") or abs(one.expected - one.found) > most
    ]


def reads_computes_and_writes(loop):
    """Provision, run once, and compare: figures with the truth, Odoo's fields with the figures."""
    with loop.opened() as opened:
        made = provision(opened.settings, "crm")
    assert {one.state for one in made} == {"created"}

    first = loop.run()
    assert first.applied["crm"].delivered.written > 0
    assert first.applied["crm"].exit_code == 0

    # Every figure is the truth's: with the true links to the cent, with our own but for the links they lack.
    assert but_for_cents(proof.with_true_links(loop.ground), loop.company.world) == []
    own = proof.with_own_links(loop.ground)
    assert own.verdict.false == []
    assert but_for_cents(own.differences, loop.company.world) == []

    # Odoo holds what was published.
    events, partners = loop.held("event.event", CAMPAIGN), loop.held("res.partner", ACCOUNT)
    campaigns = [row for row in loop.figures("campaign_measures") if row["object"] == "event.event"]
    assert len(campaigns) == len(loop.company.world.events)
    for row in campaigns:
        assert events[int(row["source_id"])] == as_odoo_holds(row, CAMPAIGN)
    accounts = loop.figures("account_measures")
    assert sum(row["invoiced"] or 0 for row in accounts) > 0
    for row in accounts:
        assert partners[int(row["source_id"])] == as_odoo_holds(row, ACCOUNT)
    return first, campaigns


def writes_nothing_twice(loop):
    """Nothing has changed, so nothing is written."""
    before = loop.stamps()
    second = loop.run()
    assert cycle.outcome(second.applied["crm"].delivered)["written"] == 0
    assert loop.stamps() == before


def notices_a_hand(loop, campaigns):
    """Somebody types over a figure: it is noticed, and theirs to keep."""
    edited = max(campaigns, key=lambda row: row["attendee_ltv"] or 0)
    number = int(edited["source_id"])
    loop.crm.write("event.event", [number], {"x_cl_attendee_ltv": 4711.0})
    third = loop.run()
    kept = [row.slot for plan in third.plans for row in plan.rows if row.action == "keep_theirs"]
    assert [(slot.object, slot.record_id, slot.field) for slot in kept] == [
        ("event.event", str(number), "x_cl_attendee_ltv")
    ]
    assert loop.held("event.event", CAMPAIGN)[number][0] == 4711.0
    return number


def undoes_all_but_what_a_person_typed(loop, first, number):
    """Undo puts everything back but what that person typed."""
    reverted = loop.revert(first.run_id)
    assert reverted.exit_code == 0
    assert [(slot.record_id, slot.field) for slot in reverted.kept] == [(str(number), "x_cl_attendee_ltv")]
    for key, values in loop.held("event.event", CAMPAIGN).items():
        assert values == ([4711.0] if key == number else [0.0]) + [0.0] * (len(CAMPAIGN) - 1)
    assert set(map(tuple, loop.held("res.partner", ACCOUNT).values())) == {(0.0,) * len(ACCOUNT)}
    assert {row["x_cl_as_of"] for row in loop.crm.rows("event.event", [], ["x_cl_as_of"])} == {False}


@pytest.mark.parametrize("api", ["json2", "jsonrpc"])
def test_from_a_real_crm_and_a_real_ledger_and_back(company, tmp_path, api):
    with at_work(company, tmp_path, api) as loop:
        first, campaigns = reads_computes_and_writes(loop)
        writes_nothing_twice(loop)
        edited = notices_a_hand(loop, campaigns)
        undoes_all_but_what_a_person_typed(loop, first, edited)


def test_xml_rpc_carries_the_same_figures(company, tmp_path):
    with at_work(company, tmp_path, "xmlrpc") as loop:
        reads_computes_and_writes(loop)
