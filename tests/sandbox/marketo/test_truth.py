"""The world through the simulator, the tap, the store and the models: attendance and cost are the truth's.

There is no CRM and no ledger here: who came, when, and what it cost is all that Marketo knows.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from closedloop import connectors
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import marketo
from closedloop.sandbox.links import decisions
from closedloop.sandbox.members import as_members
from closedloop.sandbox.truth import figures
from closedloop.sandbox.world import Links, generate
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations


def installed():
    try:
        return connectors.tap_module("marketo")
    except ConfigError:
        return None


pytestmark = pytest.mark.skipif(installed() is None, reason="the entry point of tap-marketo is not installed")


def marketing_only(world):
    """What Marketo can know of a world."""
    nothing = "accounts opportunities changes activities customers documents payments allocations cost_lines bookings"
    links = Links(person_person=world.links.person_person, touch_person=world.links.touch_person)
    people = tuple(replace(person, account=None, owner=None) for person in world.people)
    return replace(world, **dict.fromkeys(nothing.split(), ()), links=links, people=people)


class Ground:
    """A store that read a simulated Marketo."""

    def __init__(self, folder, world, served):
        self.world = world
        self.keys = {
            key: f"marketing:{record}" for records in served.keys.values() for key, record in records.items()
        }
        self.settings = Settings(
            company={"currency": world.home_currency, "time_zone": world.zone},
            connections={"marketing": {"connector": "marketo", "settings": served.settings}},
            home=folder,
        )
        self.clock = Clock(start=datetime.combine(world.as_of, time(13), tzinfo=UTC))
        self.store = Store.open(folder / "store.duckdb")
        self.operations = Operations.open(folder / "operations.db")

    def sync(self):
        found = sync(
            self.settings,
            connections=["marketing"],
            store=self.store,
            operations=self.operations,
            run_id=self.operations.begin_run("sync", self.clock),
            clock=self.clock,
        )
        return {result.stream: result for result in found}

    def reconcile(self):
        with self.operations.transaction() as connection:
            for one in decisions(self.world, self.keys):
                row = {"kind": one.kind, "left_key": one.left_key, "right_key": one.right_key}
                row |= {"verdict": "accept", "who": "test", "why": "", "at": "2026-10-31T00:00:00Z"}
                connection.execute(tables.decision.insert().values(**row))
        arguments = (self.settings, self.store, self.operations)
        return reconcile(*arguments, as_of=self.world.as_of, clock=self.clock, automatic_links=False)


@pytest.fixture(scope="module")
def ground(tmp_path_factory, hasty_taps):
    world = marketing_only(as_members(generate(4, 0.02), unknown="lead"))
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000)) as served:
        served.advance(3600)
        made = Ground(tmp_path_factory.mktemp("marketo"), world, served)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connectors, "process", hasty_taps.process)
            made.synced = made.sync()
        yield made
        made.store.close()
        made.operations.close()


@pytest.fixture(scope="module")
def reconciled(ground):
    ground.made = ground.reconcile()
    return ground


def test_every_stream_is_read_and_proven_where_that_is_possible(ground):
    verdicts = {name: result.verdict for name, result in ground.synced.items()}

    assert {name for name, verdict in verdicts.items() if verdict == "proven"} == {
        "channels",
        "program_statuses",
        "programs",
        "program_members",
    }
    assert {verdicts["leads"], verdicts["activities"]} == {"unproven"}


def test_as_many_land_with_each_status_as_the_world_has(ground):
    sql = "select 'marketing:programs/' || \"programId\", touch_status, count(*) from raw_marketing.program_members"

    landed = {(event, status): count for event, status, count in ground.store.query(f"{sql} group by 1, 2")}
    assert landed == Counter((ground.keys[one.event], one.status) for one in ground.world.registrations)


@pytest.mark.long
def test_attendance_and_cost_of_every_event_are_the_truths(reconciled):
    ground = reconciled
    truth = figures(ground.world, keys=ground.keys)
    names = (
        "attended",
        "cost",
        "budget",
        "expected_attendees",
        "cost_per_attendee",
        "start_date",
        "kind",
        "series",
    )
    rows = ground.store.connection.execute("select * from marts.campaign_measures")
    columns = [column[0] for column in rows.description]
    found = {
        row["campaign_key"]: row for row in (dict(zip(columns, r, strict=True)) for r in rows.fetchall())
    }

    differences = [
        (event, name, row.get(name), found[ground.keys[event]].get(name))
        for event, row in truth.campaigns.items()
        for name in names
        if name in row and str(row[name]) != str(found[ground.keys[event]].get(name))
    ]
    assert len(found) == len(ground.world.events) > 9
    assert sum(int(row["attended"]) for row in truth.campaigns.values()) > 20
    assert differences == []


@pytest.mark.long
def test_everybody_came_on_the_day_that_is_true(reconciled):
    ground = reconciled
    truth = Counter((ground.keys[event], str(day)) for event, _, day in figures(ground.world).touches)
    sql = "select campaign_key, cast(touch_date as varchar) from marts.touch_resolved where is_credit"

    assert Counter(ground.store.query(sql)) == truth


@pytest.mark.long
def test_every_member_is_staged_with_the_status_of_the_world(reconciled):
    ground = reconciled
    sql = "select key, campaign_key, person_key, status, lower(trim(email)) from staging.touch"
    rows = {row[0]: row[1:] for row in ground.store.query(sql)}
    by_key = {person.key: person for person in ground.world.people}

    expected = {}
    for one in ground.world.registrations:
        person = by_key.get(one.person)
        email = " ".join((person.email or "").lower().split()) if person else ""
        person_key = ground.keys[person.key] if person and (person.email or person.name.strip()) else None
        expected[ground.keys[one.key]] = (ground.keys[one.event], person_key, one.status, email or None)
    assert rows == expected


@pytest.mark.long
def test_no_check_of_the_models_fails(reconciled):
    assert reconciled.made.checks == []
