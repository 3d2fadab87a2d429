"""A run in which nothing has changed leaves the figures as they stand; whatever they rest on makes them anew."""

from datetime import date, timedelta

import pytest
from tests.models import kit
from tests.models.conftest import worked_rows

from closedloop.clock import Clock
from closedloop.models import reconcile
from closedloop.settings import Matching


@pytest.fixture
def world(tmp_path):
    made = kit.build(tmp_path, worked_rows())
    yield made
    made.close()


def run(world, **options):
    """Return what a run says, and how many models it ran."""
    ran = []
    done = reconcile(
        world.settings, world.store, world.operations, clock=Clock(),
        progress=lambda name, _done, _all: ran.append(name), **{"as_of": kit.AS_OF, **options},
    )  # fmt: skip
    return done, len(ran)


def decide(world):
    world.decide("customer_account", "c1", "a2", verdict="reject")


def lose_a_document(world):
    world.store.query("delete from raw_src.document where key = 'i1'")


def match_otherwise(world):
    world.settings = world.settings.model_copy(update={"matching": Matching(policy="exact", gap=9)})


def stage_otherwise(world):
    file = world.settings.connections["src"].staging / "document.sql"
    file.write_text(file.read_text() + "where key <> 'i1'\n")


def learn(world):
    (world.settings.home / "weights").mkdir()
    (world.settings.home / "weights" / "company.json").write_text("{}")


def test_nothing_changed_and_nothing_is_made_anew(world):
    first, models = run(world)
    assert models > 0
    # The same rows, landed again in another order.
    world.store.query("create table again as select * from raw_src.document order by key desc")
    world.store.query("delete from raw_src.document")
    world.store.query("insert into raw_src.document select * from again")
    assert run(world) == (first, 0)


def test_whatever_the_figures_rest_on_makes_them_anew(world):
    run(world)
    for change in (decide, lose_a_document, match_otherwise, stage_otherwise, learn):
        change(world)
        assert run(world)[1] > 0, change.__name__
    assert run(world, as_of=kit.AS_OF + timedelta(days=1))[1] > 0
    assert world.rows("select distinct as_of from marts.campaign_measures") == [{"as_of": date(2026, 7, 1)}]


def test_a_failed_check_fails_again(world):
    world.store.query("update raw_src.document set net = net + 1 where key = 'i1'")
    first, _ = run(world)
    assert first.checks
    assert run(world) == (first, 0)
