"""The later figures equal the truth on generated worlds, and every fault planted into them is found."""

from pathlib import Path

import pytest
from scipy.stats import beta
from tests.models.remake import Remade, changed
from tests.sandbox.landed import Landed

import closedloop.models
from closedloop.models import graph
from closedloop.sandbox.check_more import KEYS, attendees, check_more, compare, expectations
from closedloop.sandbox.plant import plant
from closedloop.sandbox.plant_more import MORE_FAULTS
from closedloop.sandbox.truth.basis import Basis
from closedloop.sandbox.truth.outlook import outlooks, samples
from closedloop.sandbox.world import generate

MODELS = Path(closedloop.models.__file__).parent
#: The faults that CI plants, a dozen from all parts; the others are planted by the long run.
SHORT = {
    "won_after_the_age_counted",
    "outlook_of_later_money",
    "pool_of_too_few",
    "stratum_of_one_control",
    "no_show_compared_as_attendee",
    "won_deal_without_invoice_done",
    "editions_at_the_youngest_age",
    "followed_up_too_late",
    "part_invoice_never_waits",
    "untouched_never_the_first_break",
    "money_at_stake_for_every_attendee",
    "linked_taken_for_touched",
}


def decided(folder, seed, scale):
    """Return a world whose true links are decided, reconciled once."""
    made = Landed(folder, generate(seed, scale))
    made.decide()
    made.reconcile(automatic_links=False)
    return made


def tables(landed):
    found = {}
    for table in KEYS:
        cursor = landed.store.connection.execute(f"select * from marts.{table}")
        names = [column[0] for column in cursor.description]
        found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    return decided(tmp_path_factory.mktemp("more"), 2, 0.1)


@pytest.fixture(scope="module")
def truth(landed):
    return expectations(landed.world, landed.keys), attendees(landed.world, landed.keys)


@pytest.fixture(scope="module")
def models():
    return graph.load()


def test_every_later_figure_is_the_true_one(landed, truth):
    assert [str(one) for one in compare(truth[0], tables(landed), truth[1])] == []


def test_the_world_has_something_of_everything_to_compare(truth):
    """Nothing is equal by being empty: each kind of figure and state occurs."""
    expected = truth[0]
    assert all(rows for rows in expected.values())
    assert {row["state"] for row in expected["campaign_scorecard"].values()} == {"done", "partly", "missing"}
    assert {row["state"] for row in expected["chain_link"].values()} == {
        "ok",
        "broken",
        "pending",
        "not_applicable",
    }
    assert {row["group_number"] for row in expected["campaign_outlook"].values()} >= {None, 1, 2}
    compared = expected["campaign_comparison"].values()
    assert any(row["risk_difference"] for row in compared)
    assert any(row["is_improving"] for row in expected["series_edition"].values())


def test_intervals_of_the_outlook_are_beta_quantiles(landed):
    found = outlooks(samples(Basis(landed.world, keys=landed.keys)))
    assert len(found) > 5
    for one in found:
        low, high = beta.ppf([0.025, 0.975], one.alpha, one.beta) * one.scale - 1
        assert (one.low, one.high) == pytest.approx((low, high), abs=1e-6, rel=1e-9)


@pytest.mark.parametrize("fault", MORE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fits_its_model(fault, tmp_path):
    assert plant(fault, MODELS, tmp_path).read_text() != (MODELS / fault.file).read_text()


def test_each_fault_has_its_own_name():
    names = {fault.name for fault in MORE_FAULTS}
    assert len(names) == len(MORE_FAULTS) >= 20
    assert names >= SHORT


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=() if fault.name in SHORT else pytest.mark.long)
        for fault in MORE_FAULTS
    ],
)
def test_a_fault_planted_into_a_later_figure_is_found(landed, truth, models, fault, tmp_path):
    sql = plant(fault, MODELS, tmp_path).read_text()
    with Remade(landed.store, changed(models, fault.model, sql), fault.model, KEYS):
        assert compare(truth[0], tables(landed), truth[1]) != []


@pytest.mark.long
@pytest.mark.parametrize("scale", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_later_figure_is_the_true_one_at_three_seeds_and_scales(tmp_path, seed, scale):
    made = decided(tmp_path, seed, scale)
    assert [str(one) for one in check_more(made.world, tables(made), made.keys)] == []
