"""A fault at every call of a run, for both CRMs: one more run leaves the same store as if nothing had happened."""

import os

import pytest
from tests.extract.crm import bad

from closedloop.errors import ClosedloopError
from closedloop.sandbox import hubspot, salesforce
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate

#: How many of the calls are struck; all of them in a full dose.
SAMPLE = None if os.environ.get("CLOSEDLOOP_CRASH_DOSE") == "full" else 1
QUIET = {"ten_second_limit": 1_000_000, "search_limit": 1_000_000}
#: Simulator, who an unknown person is, what the simulator is like, and streams of every kind.
SIMULATORS = {
    "salesforce": (
        salesforce,
        "lead",
        {"page_size": 7, "bulk_polls": 0},
        ("Campaign", "CampaignMember", "OpportunityStage", "Organization"),
    ),
    "hubspot": (
        hubspot,
        "contact",
        QUIET,
        ("deals", "deals_to_contacts", "property_history", "campaigns", "owners", "participations"),
    ),
}
FAULTS = [
    ("reset", {}),
    ("500", {"times": None}),
    ("401", {"times": None}),
    ("429", {}),
    ("429", {"mode": "daily", "times": None}),
    ("html", {"times": None}),
    ("reset", {"when": "after"}),
]


@pytest.fixture(scope="module", params=["salesforce", pytest.param("hubspot", marks=pytest.mark.long)])
def served(request):
    vendor, unknown, options, streams = SIMULATORS[request.param]
    world = as_members(generate(5, 0.01), unknown=unknown)
    with vendor.serve(world, options=vendor.options.Options(**options)) as simulator:
        simulator.advance(3600)
        yield request.param, simulator, streams


def test_a_fault_at_any_call_costs_a_run_at_most(served, crm):
    name, simulator, streams = served
    whole = crm(simulator, name, streams=streams)
    before = len(simulator.requests())
    assert bad(whole.sync()) == {}
    calls = len(simulator.requests()) - before
    expected = whole.held()
    assert sum(map(len, expected.values())) > 50

    struck = 0
    for number, (kind, options) in enumerate(FAULTS):
        for nth in sampled(calls, number):
            simulator.faults.add(kind, nth=nth, **options)
            held = crm(simulator, name, streams=streams)
            failed = disturbed(held)
            struck += any(fault.hits for fault in simulator.faults.all())
            simulator.faults.clear()
            if failed:
                assert bad(held.sync()) == {}
            assert (kind, nth, differing(held.held(), expected)) == (kind, nth, [])
            held.close()
    assert struck >= len(FAULTS) * (SAMPLE or calls) * 0.9


def disturbed(held):
    """Return whether the run failed."""
    try:
        return bool(bad(held.sync()))
    except ClosedloopError:
        return True


def sampled(calls, number):
    """Return numbers of calls, spread over the run, others for each kind of fault."""
    if SAMPLE is None:
        return range(1, calls + 1)
    step = calls / SAMPLE
    return [1 + int(step * (turn + number / len(FAULTS))) for turn in range(SAMPLE)]


def differing(found, expected):
    return [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]


def test_a_run_that_ends_behind_the_last_page_begins_the_listing_anew(crm):
    with hubspot.serve(as_members(generate(5, 0.01), unknown="contact")) as account:
        held = crm(account, "hubspot", streams=("deals",))
        account.faults.add("500", stream="deals", method="list", nth=2, times=None)
        first = held.sync()
        account.faults.clear()

        assert (first["deals"].verdict, bad(held.sync())) == ("failed", {})
