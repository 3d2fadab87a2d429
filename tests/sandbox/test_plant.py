"""Every planted fault must be found by the check; without one the check must be content."""

from pathlib import Path

import pytest
from tests.models.remake import Remade, changed
from tests.sandbox.landed import Landed

import closedloop.models
from closedloop.models import graph
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
    with Remade(landed.store, changed(models, fault.model, sql), fault.model, TABLES.values()):
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
