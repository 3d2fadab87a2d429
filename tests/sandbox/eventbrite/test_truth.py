"""The world through the simulator, the tap, the store and the models has the attendance of the truth."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

import pytest

from closedloop import connectors
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import eventbrite
from closedloop.sandbox.members import as_checked_in, plain
from closedloop.sandbox.truth import figures
from closedloop.sandbox.world import Links, generate
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

#: Measures of the attendance; the others need a CRM beside Eventbrite.
ATTENDANCE = ("attended", "leads_captured", "registered")


def installed():
    try:
        return connectors.tap_module("eventbrite")
    except ConfigError:
        return None


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(installed() is None, reason="the entry point of tap-eventbrite is not installed"),
]


@pytest.fixture(scope="module")
def world():
    """A company that has Eventbrite and nothing else."""
    made = as_checked_in(generate(4, 0.06))
    bare = [replace(one, person=None) for one in made.registrations]
    nothing = {
        "people": (),
        "accounts": (),
        "opportunities": (),
        "changes": (),
        "activities": (),
        "customers": (),
    }
    nothing |= {"documents": (), "payments": (), "allocations": (), "cost_lines": (), "bookings": ()}
    return replace(made, registrations=tuple(bare), links=Links(), **nothing)


@dataclass
class Ground:
    """A store that read the world from a simulated Eventbrite."""

    simulator: object
    store: object
    read: object
    results: list
    made: object
    keys: dict


@pytest.fixture(scope="module")
def ground(tmp_path_factory, world):
    folder = tmp_path_factory.mktemp("eventbrite")
    clock = Clock(start=datetime.combine(world.as_of, time(12), tzinfo=UTC))
    store, operations = Store.open(folder / "store.duckdb"), Operations.open(folder / "operations.db")
    with eventbrite.serve(world, options=eventbrite.Options(lists_deleted=False)) as simulator:
        settings = Settings(
            company={"currency": world.home_currency, "time_zone": world.zone},
            connections={"events": {"connector": "eventbrite", "settings": simulator.settings}},
            home=folder,
        )

        def read():
            run = operations.begin_run("sync", clock)
            names = {"store": store, "operations": operations, "clock": clock}
            return sync(settings, connections=["events"], run_id=run, **names)

        results = read()
        made = reconcile(settings, store, operations, as_of=world.as_of, clock=clock)
        keys = {key: f"events:{one}" for found in simulator.keys.values() for key, one in found.items()}
        yield Ground(simulator, store, read, results, made, keys)
    store.close()
    operations.close()


def rows(store, sql):
    found = store.connection.execute(sql)
    names = [column[0] for column in found.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


def test_every_stream_is_proven(ground):
    assert {result.stream: result.verdict for result in ground.results if result.verdict != "proven"} == {}


def test_every_registration_is_a_touch_as_the_world_has_it(ground, world):
    store, keys = ground.store, ground.keys
    found = rows(store, "select * from staging.touch")

    assert len(found) == len(world.registrations)
    differences = []
    for one in world.registrations:
        row = found[keys[one.key]]
        expected = {
            "campaign_key": keys[one.event],
            "status": one.status,
            "email": one.email,
            "name": one.name or None,
            "company": one.company,
            "phone": one.phone,
            "occurred_at": one.scanned_at and one.scanned_at.replace(microsecond=0),
        }
        differences += [
            (one.key, name, value, row[name]) for name, value in expected.items() if row[name] != value
        ]
    assert differences == []


def test_every_event_is_a_campaign_on_its_days(ground, world):
    store, keys = ground.store, ground.keys
    found = rows(store, "select * from staging.campaign")

    assert len(found) == len(world.events)
    said = {"done": {"completed"}, "planned": {"live"}, "cancelled": {"cancelled"}}
    for event in world.events:
        row = found[keys[event.key]]
        assert (row["name"], row["kind"], row["start_date"], row["end_date"]) == (
            event.name, event.kind, event.start, event.end,
        )  # fmt: skip
        assert row["status"] in said[event.status]
        assert row["owner_key"] in {keys.get(event.owner), row["owner_key"]}


def test_the_attendance_is_that_of_the_truth(ground, world):
    store, keys = ground.store, ground.keys
    truth = figures(world, keys=keys)
    found = rows(store, "select campaign_key, * from marts.campaign_measures")

    assert ground.made.checks == []
    names = [name for name in ATTENDANCE if name in next(iter(truth.campaigns.values()))]
    assert {"attended", "leads_captured"} <= set(names)
    for event in world.events:
        row = found[keys[event.key]]
        assert {name: row[name] for name in names} == {
            name: truth.campaigns[event.key][name] for name in names
        }
    assert sum(row["attended"] for row in found.values()) > 0
    emails = {plain(one.email) for one in world.registrations if one.email and one.status == "attended"}
    assert len(emails) > len(world.events)


def test_what_is_deleted_or_disappears_is_gone_after_the_next_run(ground, world):
    deleted, vanished, *_ = [
        ground.keys[one.key].partition("/")[2] for one in world.registrations if one.email
    ]
    ground.simulator.advance(3600)
    ground.simulator.edit("attendees", deleted, {"status": "Deleted"})
    ground.simulator.remove("attendees", vanished)

    results = {result.stream: result.verdict for result in ground.read()}

    gone = rows(ground.store, "select source_id, key from staging.touch where deleted_at is not null")
    assert (results["attendees"], set(gone)) == ("proven", {deleted, vanished})
