"""One world, whoever brings its attendance: the same people at the same events, and the same figures."""

import json
from datetime import UTC, datetime

import pytest
from tests.sandbox.landed import NAME, Landed
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import stand
from closedloop.sandbox.check import check_own_links, check_true_links
from closedloop.sandbox.links import Decision, decisions
from closedloop.sandbox.members import attendance_alone, without_attendance
from closedloop.sandbox.truth import figures
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store import tables

WORLD = generate(3, 0.03)
#: What cannot be the same: who did not come is known only where somebody says so.
SHOWN = (
    "attended",
    "leads_captured",
    "accounts_reached",
    "attendee_ltv",
    "attributed_linear",
    "cost",
    "won",
    "pipeline_created",
)


class Apart(Landed):
    """A store that holds the CRM and the ledger, without the attendance, and a connection that brings it."""

    def __init__(self, folder, held, side):
        super().__init__(folder, without_attendance(held))
        self.held = held
        events = {key: name for key, name in self.keys.items() if key.startswith("event-")}
        self.keys |= side.keys()
        self.twins = [
            Decision(kind="campaign_campaign", left_key=key, right_key=events[event])
            for event, key in side.events().items()
        ]
        self.clock = Clock(start=datetime(2026, 10, 31, 18, tzinfo=UTC))
        self.settings = Settings(
            company={"currency": held.home_currency, "time_zone": held.zone},
            connections={
                NAME: {"connector": "singer", "staging": folder / "staging"},
                side.name: {"connector": side.connector, "settings": side.settings},
            },
            home=folder,
            matching={
                "policy": "exact"
            },  # what is weighed takes seconds to load, and says nothing about events
        )
        self.store.query("set threads = 1")

    def sync(self):
        run = self.operations.begin_run("sync", self.clock)
        return sync(
            self.settings, connections=["attendance"], store=self.store, operations=self.operations, run_id=run, clock=self.clock
        )  # fmt: skip

    def published_with(self, *, automatic_links):
        reconcile(
            self.settings, self.store, self.operations, as_of=self.held.as_of, clock=self.clock, automatic_links=automatic_links
        )  # fmt: skip
        return self.published()

    def decide_all(self):
        with self.operations.transaction() as connection:
            for one in (*decisions(self.held, self.keys), *self.twins):
                connection.execute(
                    tables.decision.insert().values(
                        kind=one.kind, left_key=one.left_key, right_key=one.right_key, verdict="accept", who="test", why="",
                        at="2026-10-31T00:00:00Z",
                    )
                )  # fmt: skip


@pytest.fixture
def apart(tmp_path, warm):
    """Serve the attendance of the world by one system alone, and read it."""
    opened = []

    def start(attendance, world=WORLD):
        served = stand.brought(world, tmp_path / "lists", attendance=attendance)
        held, side = served.__enter__()
        made = Apart(tmp_path / "store", held, side)
        opened.append((served, made))
        assert {one.verdict for one in made.sync()} <= {"proven", "unproven"}
        return made

    yield start
    for served, made in opened:
        made.store.close()
        made.operations.close()
        served.__exit__(None, None, None)


@pytest.mark.parametrize(
    "attendance",
    [
        "leadlist",
        *(pytest.param(name, marks=pytest.mark.long) for name in stand.ATTENDANCE if name != "leadlist"),
    ],
)
def test_the_attendance_of_any_system_gives_the_truth_to_the_cent(apart, attendance):
    made = apart(attendance)

    own = check_own_links(made.held, made.published_with(automatic_links=True), made.keys)

    events = {one.left_key: one.right_key for one in made.twins}
    linked = dict(made.store.query("select campaign_key, kept_key from link.link_campaign"))
    assert linked == events != {}
    assert own.is_good, (own.verdict.false, own.differences[:10])


@pytest.mark.long
@pytest.mark.parametrize("attendance", stand.ATTENDANCE)
def test_with_the_true_links_every_figure_is_the_true_one(apart, attendance):
    made = apart(attendance, generate(5, 0.1))
    made.decide_all()

    assert check_true_links(made.held, made.published_with(automatic_links=False), made.keys) == []


@pytest.mark.parametrize("attendance", stand.ATTENDANCE)
def test_what_the_system_shows_makes_no_other_figures(attendance):
    world = generate(7, 0.06)
    one, other = figures(world), figures(stand.seen(world, attendance))

    for name in SHOWN:
        assert [row[name] for row in one.campaigns.values()] == [
            row[name] for row in other.campaigns.values()
        ], name
    assert (one.totals, one.accounts, one.credits) == (other.totals, other.accounts, other.credits)


def test_what_brings_the_attendance_knows_nothing_else_and_the_crm_nothing_of_it():
    held = stand.seen(WORLD, "hubspot")
    crm, other = without_attendance(held), attendance_alone(held)

    assert (crm.registrations, crm.people) == ((), WORLD.people)
    assert (other.accounts, other.opportunities, other.documents) == ((), (), ())
    assert {one.person for one in other.registrations} - {None} == {person.key for person in other.people}


@pytest.mark.long
@pytest.mark.parametrize(
    ("crm", "attendance"),
    [("salesforce", name) for name in stand.ATTENDANCE if name != "salesforce"]
    + [("hubspot", "salesforce"), ("odoo", "leadlist")],
)
def test_the_demo_is_the_same_with_any_attendance(warm, tmp_path, crm, attendance):
    arguments = ["--seed", "3", "--scale", "0.05", "--crm", crm, "--check"]
    more = arguments if attendance is None else [*arguments, "--attendance", attendance]

    result = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path / "out"), *more])

    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out" / "truth.json").read_text("utf-8"))["campaigns"]
    true = figures(generate(3, 0.05)).campaigns
    for name in SHOWN:
        assert [row[name] for row in found.values()] == [row[name] for row in true.values()], name


def test_a_system_that_brings_no_attendance_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path / "d"), "--attendance", "fax"])

    assert result.exit_code == 2
    assert "there is no simulated fax" in result.stderr
