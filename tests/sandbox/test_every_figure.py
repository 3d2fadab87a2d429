"""Every figure of every table equals the independent calculation, at three seeds, three scales, and other definitions."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.sandbox.landed import Landed

from closedloop.sandbox.check import compare
from closedloop.sandbox.truth import Terms, figures
from closedloop.sandbox.truth.models import PRESETS, Model
from closedloop.sandbox.world import generate

OWN = {
    "mine": Model(milestones={"first": 40, "lead": 20}, rest=40),
    "quick": Model(half_life=30),
    "lead_only": Model(milestones={"lead": 100}),
}
#: Every definition that an admin may set, set to something else: as settings, and as the truth takes it.
SECTIONS = {
    "company": {"gross_margin": "0.37", "roll_up": "ultimate_parent"},
    "attribution": {
        "primary": "mine",
        "look_back_days": 120,
        "sourced": "before_sales",
        "lead_sources": ["Web", "Referral"],
        "models": {
            "mine": {"first": 40, "lead": 20, "opportunity": 0, "close": 0, "rest": 40},
            "quick": {"half_life": 30},
            "lead_only": {"lead": 100},
        },
    },
    "events": {
        "credit_statuses": ["attended", "responded", "registered"],
        "follow_up_days": 90,
        "indirect_share": "0.125",
    },
}
TERMS = Terms(
    credit_statuses=frozenset({"attended", "responded", "registered"}),
    look_back_days=120,
    follow_up_days=90,
    primary="mine",
    models={**PRESETS, **OWN},
    sourced="before_sales",
    lead_sources=frozenset({"Web", "Referral"}),
    indirect_share=Decimal("0.125"),
    gross_margin=Decimal("0.37"),
    roll_up="ultimate_parent",
)


def differences(folder, world, terms=None, **sections):
    landed = Landed(folder, world)
    landed.decide()
    landed.reconcile(automatic_links=False, **sections)
    truth = figures(world, keys=landed.keys, terms=terms)
    return [str(one) for one in compare(truth, landed.published(), landed.keys)]


@pytest.mark.long
def test_other_definitions(tmp_path):
    assert differences(tmp_path, generate(5, 0.1), TERMS, **SECTIONS) == []


@pytest.mark.long
def test_the_figures_of_other_definitions_are_others():
    world = generate(5, 0.1)
    for name in (
        "look_back_days",
        "follow_up_days",
        "primary",
        "sourced",
        "lead_sources",
        "indirect_share",
        "gross_margin",
        "roll_up",
    ):
        usual = replace(TERMS, **{name: getattr(Terms(), name)})
        other, one = figures(world, terms=TERMS), figures(world, terms=usual)
        assert (other.campaigns, other.accounts) != (one.campaigns, one.accounts), name


@pytest.mark.long
@pytest.mark.parametrize("scale", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure(tmp_path, seed, scale):
    assert differences(tmp_path, generate(seed, scale)) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "primary", ["first", "last", "u_adobe", "u_hubspot", "u_salesforce", "w", "full", "decay"]
)
def test_every_primary_model(tmp_path, primary):
    sections = {"attribution": {"primary": primary}}
    assert differences(tmp_path, generate(7, 0.15), Terms(primary=primary), **sections) == []
