"""Definitions 17 to 19 on worked examples: every expected number comes from the comment beside it."""

from decimal import Decimal

import pytest
from scipy.stats import beta as beta_distribution

MICRO = 1e-6
#: Event → (accounts, paying, credited, cost, group), at 180 days, minor units. `old` paid 700.00 and 20.00.
EVENTS = {
    "w1": (3, 2, 40000, 100, 1),
    "old": (3, 2, 72000, 10000, 2),
    "w2": (3, 2, 40000, 10000, 2),
    "d1": (24, 20, 120000, 200000, 3),
    "w3": (3, 2, 40000, 1000000, 4),
    "w4": (3, 2, 40000, 1100000, 4),
    "w5": (3, 2, 40000, 1200000, 4),
}
# All seven events together: 42 accounts, 32 of them paying, 3,920.00 credited.
POOL_P0, POOL_VALUE = 32 / 42, 392000 / 32
# Dinners alone have the twenty paying accounts that a pool of its own needs: 24 accounts, 20 paying, 1,200.00.
DINNER_P0, DINNER_VALUE = 20 / 24, 120000 / 20


@pytest.fixture(scope="module")
def outlook(aged):
    return {row["campaign_key"]: row for row in aged.rows("select * from marts.campaign_outlook")}


@pytest.fixture(scope="module")
def comparison(aged):
    return {
        (row["campaign_key"], row["against"]): row
        for row in aged.rows("select * from marts.campaign_comparison")
    }


def test_events_old_enough_with_a_cost_have_an_outlook(outlook):
    expected = {key for key, row in outlook.items() if row["expected_roi"] is not None}
    assert expected == set(EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_expected_return_on_repeat(outlook, event):
    n, w, _, cost, _ = EVENTS[event]
    p0, value = (DINNER_P0, DINNER_VALUE) if event == "d1" else (POOL_P0, POOL_VALUE)
    a, b = 10 * p0 + w, 10 * (1 - p0) + n - w
    row = outlook[event]
    assert (row["age_days"], row["accounts"], row["paying"]) == (180, n, w)
    assert float(row["p0"]) == pytest.approx(p0, abs=MICRO)
    assert float(row["alpha"]) == pytest.approx(a, abs=MICRO)
    assert float(row["beta"]) == pytest.approx(b, abs=MICRO)
    assert float(row["expected_roi"]) == pytest.approx(n * value * a / (a + b) / cost - 1, abs=MICRO)
    for name, share in (("roi_low", 0.025), ("roi_high", 0.975)):
        level = beta_distribution.ppf(share, a, b)
        assert float(row[name]) == pytest.approx(n * value * level / cost - 1, abs=MICRO), name


def test_expected_return_in_numbers(outlook):
    # d1: 24 · 60.00 · (85/3 ÷ 34) = 1,200.00 on a cost of 2,000.00.
    assert outlook["d1"]["expected_roi"] == Decimal("-0.4")
    # w2: a = 160/21 + 2, a + b = 13; 3 · 122.50 · 202/273 = 271.92307… on 100.00.
    assert outlook["w2"]["expected_roi"] == Decimal("1.719231")


def test_a_kind_with_twenty_paying_accounts_is_a_pool_of_its_own(outlook):
    assert outlook["d1"]["pool_kind"] == "dinner"
    assert {outlook[key]["pool_kind"] for key in EVENTS if key != "d1"}.isdisjoint({"webinar", "trade_show"})


def test_events_that_separate_and_events_that_do_not(outlook):
    """Costs a hundred times apart cannot be mistaken, costs a tenth apart cannot be told."""
    assert {key: outlook[key]["group_number"] for key in EVENTS} == {
        key: group for key, (*_, group) in EVENTS.items()
    }


def test_who_paid_and_how_much_hangs_on_the_largest(outlook):
    # The nearest-rank median of (20.00, 700.00) is the first; 700 of 720.
    assert outlook["old"]["paying_median"] == 2000
    assert outlook["old"]["largest_share"] == Decimal("0.972222")
    assert (outlook["d1"]["paying_median"], outlook["d1"]["largest_share"]) == (6000, Decimal("0.05"))


def test_the_outlook_says_that_the_sum_is_exact(outlook):
    said = outlook["d1"]["label"].lower().rstrip(".")
    assert said == "the sum is exact; the interval is about repeating the event"


def test_attended_against_no_show(comparison):
    """Eight accounts came: 4 bought after (3 of Norway, 1 of Sweden), 2 the year before. Of five no-shows 1 after, 2 before."""
    row = comparison["c1", "no_show"]
    assert (row["treated"], row["controls"]) == (8, 5)
    assert row["risk_difference"] == Decimal("0.3")  # 4/8 - 1/5
    assert row["risk_difference_before"] == Decimal("-0.15")  # 2/8 - 2/5


def test_attended_against_strata_of_others(comparison):
    """Mantel and Haenszel by hand.

    Norway: (3·6 - 2·4) ÷ 10 = 1, weight 4·6 ÷ 10 = 2.4. Sweden: (1·5 - 1·2) ÷ 7 = 3/7, weight 2·5 ÷ 7 = 10/7.
    (1 + 3/7) ÷ (2.4 + 10/7) = 0.373134. Finland has four others only: its two guests are not matched, six of eight are.
    Before: nobody of Norway, everybody of Sweden: no difference.
    """
    row = comparison["c1", "non_attendee"]
    assert row["risk_difference"] == Decimal("0.373134")
    assert row["risk_difference_before"] == 0
    assert row["matched_share"] == Decimal("0.75")


def test_a_comparison_is_not_proof_and_says_so(comparison):
    assert {row["label"] for row in comparison.values()} == {"comparison, not proof"}


def test_warning_when_most_attendees_already_had_open_deals(comparison):
    assert comparison["c1", "no_show"]["warning"] is None
    assert comparison["c2", "no_show"]["warning"] is not None
    assert comparison["c2", "non_attendee"]["warning"] is not None
