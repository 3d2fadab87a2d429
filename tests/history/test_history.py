"""What was published stays, and every change of a figure is told by its records, to the cent."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise

import duckdb
import pytest
from tests.models import kit
from tests.models.kit import AS_OF, attended, event, sale
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.history import reading, snapshot
from closedloop.history.causes import EXPLAINED
from closedloop.models import partial, runner
from closedloop.models.measures import MEASURES
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

YAML = """\
company: {currency: USD, time_zone: America/Chicago}
connections: {src: {connector: singer, executable: [tap], staging: staging}}
attribution: {look_back_days: 1}
matching: {policy: exact}
home: .
"""


def at(month, day):
    return datetime(2026, month, day, 18, tzinfo=UTC)


def rows(*sales, touches=(), deals=(), cost=None):
    """Two events, three companies, and the documents given."""
    return {
        "campaign": [event("e1", date(2026, 1, 10), actual_cost="100.00"), event("e2", date(2026, 2, 10), actual_cost=cost)],
        "account": [{"key": f"a{n}", "name": name, "tax_id": f"US12345{n}67"} for n, name in
                    enumerate(("Acme", "Beta", "Gamma"), start=1)],
        "customer": [{"key": f"c{n}", "name": "X", "tax_id": f"US12345{n}67"} for n in (1, 2)]
        + [{"key": "c3", "name": "Nobody knows"}],
        "person": [{"key": f"p{n}", "kind": "contact", "name": f"Pat {n}", "account_key": f"a{n}"} for n in (1, 2, 3)],
        "touch": [attended("t1", "e1", "p1"), attended("t2", "e1", "p2"), *touches],
        "opportunity": [{
            "key": "o1", "name": "Deal", "account_key": "a1", "amount": "500.00", "currency": "USD", "is_closed": True,
            "is_won": True, "created_at": at(1, 20), "closed_at": at(3, 1),
        }, *deals],
        "document": [document for document, _ in sales],
        "line": [line for _, lines in sales for line in lines],
    }  # fmt: skip


FIRST = (
    sale("i1", "c1", date(2026, 3, 10), "500.00"),
    sale("i2", "c2", date(2026, 3, 1), "90.00"),
    sale("i3", "c3", date(2026, 2, 1), "70.01"),
)
SECOND = (
    sale("i1", "c1", date(2026, 3, 10), "500.00"),
    sale("i2", "c2", date(2026, 3, 1), "99.00"),  # corrected in the ledger
    sale("i3", "c3", date(2026, 2, 1), "70.01"),  # decided to be Beta's
    sale("i4", "c2", date(2026, 1, 5), "11.00"),  # back-dated, before the event
    sale("i5", "c2", date(2026, 7, 2), "5.00"),  # dated since
    sale("n1", "c1", date(2026, 7, 1), "40.00", kind="credit_note", credited_document_key="i1"),
)


TOUCHES = [attended("t3", "e2", "p1"), attended("t4", "e1", "p3")]
DEALS = [{
    "key": "o2", "name": "Second", "account_key": "a2", "amount": "80.00", "currency": "USD", "is_closed": False,
    "is_won": False, "created_at": at(1, 25),
}]  # fmt: skip
LATER = date(2026, 7, 5)


def take(world, run_id, as_of=AS_OF):
    world.reconcile(as_of=as_of)
    return keep(world, run_id, as_of)


def keep(world, run_id, as_of=AS_OF):
    return snapshot.take(
        world.settings,
        world.store,
        world.operations,
        run_id=run_id,
        as_of=as_of,
        basis=runner.digest(world.store),
        clock=Clock(),
    )


def closedloop(world, *arguments, code=0):
    """Run a verb on a world's folder, on the fifth of July, with other definitions than the world was made with."""
    home = world.settings.home
    (home / "closedloop.yaml").write_text(YAML)
    world.store.close()
    runner = CliRunner(env={"CLOSEDLOOP_CLOCK": "2026-07-05T18:00:00Z"})
    done = runner.invoke(app, ["--config", str(home / "closedloop.yaml"), *arguments])
    if (home / "store.duckdb").exists():
        world.store = Store.open(home / "store.duckdb")
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Three reconciles: the first, one after everything changed at once, one after the definitions changed."""
    world = kit.build(tmp_path_factory.mktemp("history"), rows(*FIRST))
    written = [take(world, "20260630T120000Z-1"), keep(world, "20260630T120001Z-2")]
    kit.land(world.store, rows(*SECOND, touches=TOUCHES, deals=DEALS, cost="50.00"))
    world.decide("customer_account", "c3", "a2")
    written += [take(world, "20260705T120000Z-3", LATER), keep(world, "20260705T120001Z-4", LATER)]
    closedloop(world, "reconcile")
    yield world, written
    world.close()


def causes(world, entity, key, measure, n=2):
    """Return what explains one figure: (cause, record) → amount."""
    one = reading.history(world.operations, entity, key)[n - 1]
    return {(cause.cause, cause.record): cause.amount for cause in one.causes if cause.measure == measure}


def test_equal_figures_write_nothing(told):
    world, written = told
    assert written[0] == 4, "two events and two accounts; Gamma never had a figure"
    assert written[1] == written[3] == 0
    assert [one.n for one in reading.history(world.operations, "campaign", "e1")] == [1, 2, 3]
    assert reading.history(world.operations, "account", "a3")[0].run_id == "20260705T120000Z-3"


def test_figures_that_were_computed_anew_are_compared_one_by_one(told):
    world, _ = told
    with world.operations.transaction() as database:
        database.execute(tables.definition.update().values(last_basis="another"))
    assert keep(world, "20260705T190000Z-x", LATER) == 0


def test_causes_sum_to_the_change_and_none_is_unknown(told):
    world, _ = told
    checked = 0
    for entity, measures in EXPLAINED.items():
        for key in ("e1", "e2") if entity == "campaign" else ("a1", "a2"):
            published = reading.history(world.operations, entity, key)
            for before, now in pairwise(published):
                assert not any(cause.cause == "other" for cause in now.causes)
                for measure in measures:
                    told_ = sum(cause.amount for cause in now.causes if cause.measure == measure)
                    assert told_ == (now.figure(measure) or 0) - (before.figure(measure) or 0), (key, measure)
                    checked += bool(told_)
    assert checked > 15


def test_each_record_is_named_with_what_it_did(told):
    world, _ = told
    assert causes(world, "account", "a2", "invoiced") == {
        ("document", "i2"): 900, ("document", "i4"): 1100, ("document", "i5"): 500, ("decision", "c3"): 7001,
    }  # fmt: skip
    assert causes(world, "account", "a1", "invoiced") == {("document", "n1"): -4000}
    assert causes(world, "campaign", "e1", "ltv_after_event") == {
        ("document", "i2"): 900, ("document", "i5"): 500, ("document", "n1"): -4000, ("decision", "c3"): 7001,
    }  # fmt: skip
    assert causes(world, "campaign", "e1", "attended") == {("touch", "t4"): 1}
    # Acme's invoice was all the first event's, and so is what the credit note gives back; then its second event halves both.
    assert causes(world, "campaign", "e1", "attributed")["document", "n1"] == -4000
    assert causes(world, "campaign", "e1", "attributed")["touch", "t3"] == -(25000 - 2000)
    # Beta was no new customer: its document of before is credited to nobody.
    assert causes(world, "campaign", "e1", "attributed")["document", "i4"] == -9900
    assert causes(world, "campaign", "e2", "attributed") == {("touch", "t3"): 25000 - 2000}
    assert causes(world, "campaign", "e2", "cost") == {("cost", "e2"): 5000}


def published(world, table):
    """Return every published figure of every campaign or account: key → measure → value."""
    names = {one.name for one in MEASURES} - {"as_of"}
    return {
        row[f"{table}_key"]: {name: value for name, value in row.items() if name in names}
        for row in world.rows(f"select * from marts.{table}_measures")
    }


@pytest.mark.long
def test_each_step_is_what_the_models_make_of_a_world_in_which_only_its_records_have_moved(told, tmp_path):
    """Definition 16, by brute force: the whole of the models over worlds that are partly of then and partly of now."""
    world, _ = told
    mixed = kit.build(tmp_path, rows(*FIRST))
    steps = {
        "day": lambda: None,
        "document": lambda: kit.land(mixed.store, rows(*SECOND)),
        "link": lambda: mixed.decide("customer_account", "c3", "a2"),
        "touch": lambda: kit.land(mixed.store, rows(*SECOND, touches=TOUCHES)),
        "deal": lambda: kit.land(mixed.store, rows(*SECOND, touches=TOUCHES, deals=DEALS)),
        "cost": lambda: kit.land(mixed.store, rows(*SECOND, touches=TOUCHES, deals=DEALS, cost="50.00")),
    }
    stood = {}
    for step, move in steps.items():
        move()
        mixed.reconcile(as_of=LATER)
        stood[step] = {entity: published(mixed, entity) for entity in ("campaign", "account")}
    mixed.close()
    compared = 0
    for entity, key in (("campaign", "e1"), ("campaign", "e2"), ("account", "a1"), ("account", "a2")):
        first, second = reading.history(world.operations, entity, key)[:2]
        told_ = {one.step: one.figures for one in second.steps}
        assert set(told_) <= set(steps)
        before = {name: text(value) for name, value in first.figures.items()}
        for step in steps:
            after = {name: text(value) for name, value in stood[step][entity][key].items()}
            moved = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
            given = {name: tuple(map(text, pair)) for name, pair in told_.get(step, {}).items()}
            assert {name: pair for name, pair in given.items() if name in after} == moved, (step, key)
            before, compared = before | after, compared + len(moved)
    assert compared > 60
    assert stood["deal"]["campaign"]["e1"]["opportunities_created"] == 2


def text(value):
    """Return a figure as text, the same whether it comes from the models or from what was kept of it."""
    if isinstance(value, bool) or value is None:
        return str(value)
    try:
        return format(Decimal(str(value)).normalize(), "f")
    except InvalidOperation:
        return str(value)


def test_labels_say_what_happened(told):
    world, _ = told
    labels = {cause.label for cause in reading.history(world.operations, "account", "a2")[1].causes}
    assert labels >= {
        "back-dated invoice N-i4 of 2026-01-05",
        "new invoice N-i5 of 2026-07-02",
        "invoice N-i2 of 2026-03-01 changed",
        "customer linked: Decided by Ann.",
    }


def test_changed_definitions_are_named(told):
    world, _ = told
    found = causes(world, "campaign", "e1", "attributed", n=3)
    assert set(found) == {("definition", "definitions")}
    [label] = {cause.label for cause in reading.history(world.operations, "campaign", "e1")[2].causes}
    assert label == "definitions changed: attribution.look_back_days: 365 → 1"


@pytest.mark.sqlite
def test_explain_shows_a_past_day(told):
    world, _ = told
    answer = json.loads(
        closedloop(world, "--json", "explain", "account", "a2", "--as-of", "2026-03-05").stdout
    )
    assert answer["amount"] == 9900 + 7001 + 1100
    shown = closedloop(
        world, "explain", "campaign", "e1", "--measure", "cost", "--measure", "attended"
    ).stdout
    assert "Cost (entered in the CRM)  100.00 USD" in shown
    assert "Attended  3" in shown


@pytest.mark.long
def test_reconcile_and_report_of_a_past_day_keep_nothing(told, tmp_path):
    world, _ = told
    before = reading.history(world.operations, "campaign", "e1")
    found = json.loads(closedloop(world, "--json", "reconcile", "--as-of", "2026-03-05").stdout)
    assert found["reconciled"]["as_of"] == "2026-03-05"
    assert {row["as_of"] for row in found["campaigns"]} == {"2026-03-05"}
    closedloop(world, "report", "--dir", str(tmp_path), "--as-of", "2026-03-05")
    assert "2026-03-05" in (tmp_path / "events.csv").read_text()
    assert reading.history(world.operations, "campaign", "e1") == before
    assert world.one("select distinct as_of from marts.campaign_measures")["as_of"] == date(2026, 7, 5)


@pytest.mark.sqlite
def test_history_is_printed_without_the_analytical_store(told, tmp_path):
    world, _ = told
    home = world.settings.home
    world.store.close()
    (home / "store.duckdb").rename(tmp_path / "lost")
    try:
        text = closedloop(world, "history", "campaign", "event e1", "--to", "20260705T120000Z-3").stdout
        answer = json.loads(
            closedloop(world, "--json", "history", "account", "a2", "--measure", "invoiced").stdout
        )
        roi = json.loads(
            closedloop(world, "--json", "history", "campaign", "e1", "--measure", "roi_realised").stdout
        )
        unknown = closedloop(world, "history", "campaign", "Evnt e1", code=2).stderr
        early = closedloop(world, "history", "campaign", "e1", "--from", "2001-01-01", code=2).stderr
        nothing = closedloop(world, "history", "campaign", "e1", "--measure", "roi", code=2).stderr
    finally:
        (tmp_path / "lost").rename(home / "store.duckdb")
        world.store = Store.open(home / "store.duckdb")
    assert "Why attributed changed" in text
    assert "credit note N-n1 of 2026-07-01" in text
    [change] = answer["changes"]
    assert (change["from"]["value"], change["to"]["value"]) == (9000, 18501)
    assert sum(cause["amount"] for cause in change["causes"]) == 9501
    assert {cause["measure"] for cause in roi["changes"][0]["causes"]} == {"attributed"}
    assert "the nearest: e1" in unknown
    assert "nothing had been published by then" in early
    assert "roi_realised" in nothing


def test_a_failure_leaves_no_half_snapshot(told, monkeypatch):
    world, _ = told
    world.store.query("update marts.campaign_measures set cost = 7 where campaign_key = 'e1'")
    before = reading.history(world.operations, "campaign", "e1")

    def killed(name):
        raise KeyboardInterrupt(name)

    monkeypatch.setattr(snapshot, "failpoint", killed)
    with pytest.raises(KeyboardInterrupt, match=r"history\.before_commit"):
        keep(world, "20260707T120000Z-6", LATER)
    assert reading.history(world.operations, "campaign", "e1") == before
    monkeypatch.undo()
    assert keep(world, "20260707T120000Z-6", LATER) == 1
    last = reading.history(world.operations, "campaign", "e1")[-1]
    assert [(cause.cause, cause.amount) for cause in last.causes] == [("other", -9993)]


def test_figures_that_cannot_be_made_again_are_told_by_their_records_alone(told, monkeypatch):
    world, _ = told
    world.store.query("update marts.campaign_measures set cost = 9 where campaign_key = 'e1'")

    def refused(*_arguments, **_more):
        raise duckdb.BinderException("an admin's own model")

    monkeypatch.setattr(partial, "make", refused)
    assert keep(world, "20260708T080000Z-7", date(2026, 7, 8)) == 1
    last = reading.history(world.operations, "campaign", "e1")[-1]
    assert [(cause.cause, cause.amount) for cause in last.causes] == [("other", 2)]
    assert [one.step for one in last.steps] == ["other"]


def test_a_record_that_goes_and_comes_back_keeps_its_history(told):
    world, _ = told
    world.store.query(
        "create temp table kept as select * from marts.campaign_measures where campaign_key = 'e2'"
    )
    world.store.query("delete from marts.campaign_measures where campaign_key = 'e2'")
    assert keep(world, "20260708T120000Z-7", LATER) == 1
    assert keep(world, "20260708T120000Z-8", LATER) == 0
    world.store.query("insert into marts.campaign_measures select * from kept")
    assert keep(world, "20260708T120000Z-9", LATER) == 1
    assert [one.figures is None for one in reading.history(world.operations, "campaign", "e2")][-3:] == [
        False, True, False,
    ]  # fmt: skip


def test_an_unknown_word_has_no_history(tmp_path):
    operations = Operations.open(tmp_path / "operations.db")
    with pytest.raises(ConfigError, match="invoice has no history"):
        reading.find(operations, "invoice", "x")
    operations.close()


def test_campaigns_of_two_systems_that_are_linked_are_a_campaign_link(tmp_path):
    """The badge scans' campaign turns out to be the CRM's: its touches come with the link, and nobody edited them."""
    world = kit.build(tmp_path, rows(*FIRST, touches=[attended("t3", "e2", "p3")]))
    take(world, "20260630T120000Z-1")
    world.decide("campaign_campaign", "e1", "e2")
    take(world, "20260705T120000Z-2")
    label = "campaign link: touch is of another campaign now"
    for key in ("e1", "e2"):
        found = reading.history(world.operations, "campaign", key)[-1]
        attended_by = {cause.label for cause in found.causes if cause.measure == "attended"}
        assert attended_by == {label}, key
        assert {cause.cause for cause in found.causes} == {"link"}
        [step] = found.steps
        assert step.step == "link"
        assert ["t1", label] in [list(one) for one in step.records]
    world.close()
