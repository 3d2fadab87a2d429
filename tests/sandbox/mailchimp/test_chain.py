"""The world's people through the simulator, the tap and the store: proven, staged, and gone when they are gone."""

from datetime import UTC, datetime, time

import pytest

from closedloop import connectors
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import mailchimp
from closedloop.sandbox.mailchimp.fill import hash_of
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations


def installed():
    try:
        return connectors.tap_module("mailchimp")
    except ConfigError:
        return None


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(installed() is None, reason="the entry point of tap-mailchimp is not installed"),
]


class Ground:
    """A store that reads a simulated Mailchimp in which every tag is mapped to the event that it is of."""

    def __init__(self, folder, world, simulator):
        self.world, self.simulator = world, simulator
        self.clock = Clock(start=datetime.combine(world.as_of, time(12), tzinfo=UTC))
        self.store, self.operations = (
            Store.open(folder / "store.duckdb"),
            Operations.open(folder / "operations.db"),
        )
        tags = {f"{event.code} visitors": event.code for event in world.events}
        settings = simulator.settings | {
            "campaigns": tags,
            "statuses": dict.fromkeys(tags, "attended"),
            "page_size": 40,
        }
        self.settings = Settings(
            company={"currency": world.home_currency, "time_zone": world.zone},
            connections={"news": {"connector": "mailchimp", "settings": settings}},
            home=folder,
        )

    def sync(self):
        run = self.operations.begin_run("sync", self.clock)
        names = {"store": self.store, "operations": self.operations, "clock": self.clock}
        return {
            one.stream: one.verdict for one in sync(self.settings, connections=["news"], run_id=run, **names)
        }

    def rows(self, sql):
        return self.store.query(sql)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    world = generate(4, 0.04)
    with mailchimp.serve(world) as simulator:
        made = Ground(tmp_path_factory.mktemp("mailchimp"), world, simulator)
        made.first = made.sync()
        made.made = reconcile(made.settings, made.store, made.operations, as_of=world.as_of, clock=made.clock)
        yield made
        made.store.close()
        made.operations.close()


def test_every_stream_is_proven(ground):
    assert set(ground.first.values()) == {"proven"}
    assert ground.made.checks == []


def test_every_member_is_a_subscriber_with_the_consent_given(ground):
    held = dict(ground.rows("select source_id, has_opted_out from staging.person where kind = 'subscriber'"))
    said = {f"{one['list_id']}/{one['id']}": one["status"] for one in ground.simulator.records("members")}

    assert held == {key: None if one == "archived" else one != "subscribed" for key, one in said.items()}


def test_a_mapped_tag_is_the_attendance_of_its_event(ground):
    found = ground.rows(
        "select c.same_as, lower(t.email) from staging.touch as t inner join staging.campaign as c"
        " on c.key = t.campaign_key where t.status = 'attended'"
    )
    members = {one["id"]: one["status"] for one in ground.simulator.records("members")}
    codes = {event.key: event.code for event in ground.world.events}
    came = {
        (codes[one.event], one.email.strip().lower())
        for one in ground.world.registrations
        if one.email
        and one.status == "attended"
        and members[hash_of(one.email)] not in {"archived", "pending"}
    }

    assert set(found) == came
    assert len(found) == len(came) > 0


def test_who_is_archived_or_deleted_for_good_is_so_after_the_next_run(ground):
    archived, gone = (f"{one['list_id']}/{one['id']}" for one in ground.simulator.records("members")[:2])
    ground.simulator.advance(3600)
    ground.simulator.edit(archived, {"status": "archived"})
    with ground.simulator.engine.lock:
        del ground.simulator.engine.account.members[gone]

    verdicts = ground.sync()

    people = ground.rows("select source_id, status, deleted_at is not null from staging.person")
    states = {key: (status, is_gone) for key, status, is_gone in people}
    assert verdicts["members"] == "proven"
    assert (states[archived], states[gone][1]) == (("archived", False), True)
