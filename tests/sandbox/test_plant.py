"""Every planted fault must be found by the check; without one the check must be content."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.sandbox.landed import Landed

import closedloop.models
from closedloop.engines.duckdb import DuckdbEngine
from closedloop.models import graph, intervals
from closedloop.sandbox.check import TABLES, check_own_links, check_true_links, compare
from closedloop.sandbox.plant import FAULTS, PlantError, plant
from closedloop.sandbox.truth import figures
from closedloop.sandbox.world import generate

MODELS = Path(closedloop.models.__file__).parent
SCALE = 0.1


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A world whose true links are decided, reconciled once."""
    made = Landed(tmp_path_factory.mktemp("landed"), generate(2, SCALE))
    made.decide()
    made.reconcile(automatic_links=False)
    return made


@pytest.fixture(scope="module")
def models():
    return graph.load()


@pytest.fixture(scope="module")
def truth(landed):
    return figures(landed.world, keys=landed.keys)


def test_without_a_fault_every_figure_is_the_true_one(landed):
    assert check_true_links(landed.world, landed.published(), landed.keys) == []


def test_there_are_more_than_twenty_faults_each_with_its_own_name():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 20


#: Every fourth runs with `make test`; the others, and those of tests/models, with `make test-long`.
DOSE = [
    fault if n % 4 == 0 else pytest.param(fault, marks=pytest.mark.long) for n, fault in enumerate(FAULTS)
]


@pytest.mark.parametrize("fault", DOSE, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(landed, truth, models, fault, tmp_path):
    sql = plant(fault, MODELS, tmp_path).read_text()
    needs = frozenset(table.name for table in graph.tables(graph.read(sql, fault.name)) if not table.db)
    spoilt = replace(models[fault.model], sql=sql, needs=needs)
    with Remade(landed, {**models, fault.model: spoilt}, fault.model):
        assert compare(truth, landed.published(), landed.keys) != []


def test_a_fault_that_no_longer_fits_its_model_says_so(tmp_path):
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "document_money.sql").write_text("select 1 as one")
    fault = next(fault for fault in FAULTS if fault.model == "document_money")
    with pytest.raises(PlantError, match=fault.name):
        plant(fault, tmp_path, tmp_path / "own")


def test_a_whole_run_takes_the_planted_model_from_the_admins_folder(tmp_path):
    made = Landed(tmp_path / "world", generate(3, 0.05))
    made.decide()
    plant(FAULTS[0], MODELS, tmp_path / "own")
    made.reconcile(automatic_links=False, models_dir=tmp_path / "own")
    assert check_true_links(made.world, made.published(), made.keys) != []


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_own_links_are_never_false_and_what_they_miss_is_named(tmp_path, seed):
    made = Landed(tmp_path, generate(seed, SCALE))
    made.reconcile(automatic_links=True)
    own = check_own_links(made.world, made.published(), made.keys)
    assert own.verdict.false == []
    assert own.differences == []
    assert own.is_good
    assert own.verdict.missing


class Remade:
    """The changed model and what rests on it, made anew in a transaction that is taken back."""

    def __init__(self, landed, models, changed):
        self.store, self.models = landed.store, models
        wanted = _above(models, set(TABLES.values()))
        stale = {changed}
        self.stale = []
        for model in graph.ordered(models):
            if model.name in wanted and (model.name in stale or model.needs & stale):
                stale.add(model.name)
                self.stale.append(model)

    def __enter__(self):
        self.store.query("begin transaction")
        for model in self.stale:
            self.store.query(graph.creation(model, self.models, DuckdbEngine.dialect))
            if model.name == "group_measures":
                intervals.fill_win_rates(self.store)

    def __exit__(self, *error):
        self.store.query("rollback")


def _above(models, tables):
    """The tables and all that they read."""
    wanted, todo = set(), list(tables)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(models[name].needs)
    return wanted
