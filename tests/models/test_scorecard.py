"""The scorecard and the editions of a series; every expected number was worked out by hand from the rows of `aged`."""

from decimal import Decimal

import pytest

HALF, TWO_THIRDS = Decimal("0.5"), Decimal("0.666667")
#: Event → for each step (state, hits, n).
STEPS = {
    # All four entries; its one guest, in the CRM after three days; a deal of its account, won, invoiced.
    "full": [("done", 4, 4), ("done", 1, 1), ("done", 1, 1), ("done", 1, 1), ("done", 1, 1)],
    # No cost. Two of three guests are in the CRM. One of two accounts has deals. Of the two deals that are 180 days old one
    # is decided (dg3 and dg4 are a day younger). The one won deal has no invoice.
    "part": [("partly", 3, 4), ("partly", 2, 3), ("partly", 1, 2), ("partly", 1, 2), ("missing", 0, 1)],
    # Imported eleven days after the event, more than the five in which people follow up.
    "tardy": [("partly", 1, 4), ("partly", 1, 1), ("missing", 0, 1), ("missing", 0, 0), ("missing", 0, 0)],
    # Still to come: nothing can be counted but the plan.
    "soon": [("partly", 2, 4), ("missing", 0, 0), ("missing", 0, 0), ("missing", 0, 0), ("missing", 0, 0)],
    "dateless": [
        ("partly", 1, 4),
        ("missing", 0, 0),
        ("missing", 0, 0),
        ("missing", 0, 0),
        ("missing", 0, 0),
    ],
}


@pytest.fixture(scope="module")
def cards(aged):
    found = {}
    for row in aged.rows("select * from marts.campaign_scorecard order by campaign_key, step"):
        found.setdefault(row["campaign_key"], []).append(row)
    return found


@pytest.fixture(scope="module")
def rims(aged):
    return {row["campaign_key"]: row for row in aged.rows("select * from marts.campaign_rims")}


@pytest.fixture(scope="module")
def editions(aged):
    return {row["campaign_key"]: row for row in aged.rows("select * from marts.series_edition")}


@pytest.mark.parametrize("event", STEPS)
def test_five_steps_done_partly_or_missing(cards, event):
    rows = cards[event]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert [(row["state"], row["hits"], row["n"]) for row in rows] == STEPS[event]
    for row in rows:
        assert (row["missing"] is None) == (row["state"] == "done")


def test_share_of_a_step(cards):
    shares = [row["share"] for row in cards["part"]]
    assert shares == [Decimal("0.75"), TWO_THIRDS, HALF, HALF, 0]
    assert [row["share"] for row in cards["soon"]][1:] == [None] * 4


def test_what_is_missing_is_named(cards):
    assert "cost" in cards["part"][0]["missing"]
    assert "budget" in cards["tardy"][0]["missing"]
    assert "expected" in cards["tardy"][0]["missing"]
    assert "dates" in cards["dateless"][0]["missing"]
    assert "budget" not in cards["part"][0]["missing"]


def test_days_from_the_event_to_the_import(cards):
    assert (cards["full"][1]["days"], cards["tardy"][1]["days"], cards["part"][1]["days"]) == (3, 11, None)


def test_repeatable_is_all_five_done(rims):
    assert {key for key, row in rims.items() if row["repeatable"]} == {"full"}


#: Event → (coverage of attendees, cost and revenue, whether that makes it measurable).
COVERAGE = {
    "full": (1, 1, 1, True),
    "part": (TWO_THIRDS, 0, 0, False),  # the third guest belongs to no account; 40.00 won, nothing invoiced
    "w1": (1, 1, None, True),  # no deal at all: nothing lacks an invoice
    "soon": (None, 0, None, False),
}


@pytest.mark.parametrize("event", COVERAGE)
def test_measurable_is_coverage(rims, event):
    names = ("coverage_attendees", "coverage_cost", "coverage_revenue", "measurable")
    assert tuple(rims[event][name] for name in names) == COVERAGE[event]


def test_editions_follow_their_first_day(editions):
    order = {key: editions[key]["edition_number"] for key in ("w2", "w1", "w3", "w4", "w5")}
    assert order == {"w2": 1, "w1": 2, "w3": 1, "w4": 2, "w5": 3}
    assert editions["w5"]["previous_campaign_key"] == "w4"
    assert editions["w3"]["previous_campaign_key"] is None


def test_a_series_that_improves_and_one_that_does_not(editions):
    """At 365 days each brought 400.00. Costs: w2 100.00, then w1 1.00. w3 10,000.00, w4 11,000.00, w5 12,000.00."""
    w1, w4, w5 = editions["w1"], editions["w4"], editions["w5"]
    assert {row["age_days"] for row in (w1, w4, w5)} == {365}
    assert (w1["roi"], w1["roi_change"], w1["is_improving"]) == (399, 396, True)  # 399 less 3
    assert (w4["roi"], w4["roi_change"]) == (Decimal("-0.963636"), Decimal("-0.003636"))  # from -0.96
    assert (w5["roi_change"], w5["is_improving"]) == (Decimal("-0.003031"), False)  # to -0.966667
    assert (editions["w3"]["roi_change"], editions["w3"]["is_improving"]) == (None, None)


def test_steps_of_two_editions_beside_each_other(editions):
    """Both have dates and a cost only, and their three guests in the CRM; nobody has a deal, so step 4 has no case."""
    row = editions["w4"]
    assert [row[f"step_{n}_change"] for n in range(1, 6)] == [0, 0, 0, None, None]
    assert row["attended_change"] == 0


def test_improvable_is_the_editions_answer(rims):
    assert (rims["w1"]["improvable"], rims["w5"]["improvable"], rims["full"]["improvable"]) == (
        True,
        False,
        None,
    )


def test_nothing_scales_without_more_attendees(rims):
    assert rims["w1"]["scalable"] is None
