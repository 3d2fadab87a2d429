"""Tables of a draft that are committed before the rest: nobody sees them, and a draft that came to nothing goes."""

from datetime import timedelta

import pytest
from tests.models import kit
from tests.models.conftest import worked_rows

from closedloop.clock import Clock
from closedloop.models import draft, graph, reconcile
from closedloop.models.draft import MARK

LATER = kit.AS_OF + timedelta(days=40)


class StoppedError(Exception):
    """What kills a run."""


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(draft, "ROW_GROUP", -1)  # every table is a large one
    made = kit.build(tmp_path, worked_rows())
    yield made
    made.close()


def run(world, *, whole=False, until=None, as_of=kit.AS_OF):
    def progress(name, _done, _all):
        if name == until:
            raise StoppedError

    return reconcile(
        world.settings, world.store, world.operations, as_of=as_of, clock=Clock(), progress=progress,
        prepare=(lambda: None) if whole else None,
    )  # fmt: skip


def figures(world):
    """Return everything that stands in the models' schemas and in the settings, and the names of what stands there."""
    names = [
        (schema, name)
        for schema, name in world.store.query(
            "select table_schema, table_name from information_schema.tables order by all"
        )
        if schema in (*graph.LAYERS, "param")
    ]
    return {
        f"{schema}.{name}": sorted(map(repr, world.store.query(f'select * from {schema}."{name}"')))
        for schema, name in names
    }


def test_a_draft_gives_what_one_transaction_gives(world):
    whole = run(world, whole=True), figures(world)
    world.store.query("delete from meta.made")

    assert (run(world), figures(world)) == whole
    assert not [name for name in whole[1] if name.endswith(MARK)]


@pytest.mark.parametrize("until", [pytest.param("touch_scored", marks=pytest.mark.long), "unique_keys"])
def test_a_run_that_is_stopped_leaves_the_old_figures_with_their_settings_and_the_next_one_clears_up(
    world, until
):
    run(world)
    before = figures(world)

    with pytest.raises(StoppedError):
        run(world, until=until, as_of=LATER)

    left = figures(world)
    assert {name: rows for name, rows in left.items() if not name.endswith(MARK)} == before
    assert left.keys() - before.keys()
    run(world)
    assert figures(world) == before
    run(world, as_of=LATER)
    assert figures(world).keys() == before.keys()
    assert world.rows("select as_of from param.run") == [{"as_of": LATER}]


def test_what_is_made_in_one_transaction_clears_up_as_well(world):
    with pytest.raises(StoppedError):
        run(world, until="campaign_measures")

    run(world, whole=True)

    assert not [name for name in figures(world) if name.endswith(MARK)]
