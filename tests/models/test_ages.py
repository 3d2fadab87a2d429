"""Events at the same age and the editions of a series; every expected number was worked out by hand.

The event `old` ended on 11 January 2025 and cost 100.00. What counts at each age, in the rows of `aged`:

* 30 days, 10 February: i1 of 500.00, of which 200.00 was paid on 5 February. Deal d2 is created, d3 is older.
* 90 days, 11 April: credit note n1 takes 100.00 back (20 February), i4 of 20.00 joins; 400.00 is collected. d3 rose in March.
* 180 days, 10 July: i2 of 300.00 joins, d2 was won for 300.00 in May.
* 365 days, 11 January 2026: 150.00 more collected on that very day, the rest the day after; d4 came and was lost. i3 is later still.
"""

from datetime import date
from decimal import Decimal

import pytest
from scipy.stats import beta, binom

AGES = ("30", "90", "180", "365")
#: Column → its value at 30, 90, 180 and 365 days.
OLD = {
    "as_of": (date(2025, 2, 10), date(2025, 4, 11), date(2025, 7, 10), date(2026, 1, 11)),
    "attendee_ltv": (55000, 47000, 77000, 77000),  # a3 bought for 50.00 before the event
    "ltv_after_event": (50000, 42000, 72000, 72000),
    "new_customers": (1, 2, 2, 2),  # a2's first document is of 1 March
    "attributed": (50000, 42000, 72000, 72000),
    "attributed_collected": (
        20000,
        40000,
        40000,
        55000,
    ),  # 400.00 less the credit note's own 100.00, and i1's last 100.00
    "opportunities_created": (1, 1, 1, 2),
    "opportunities_advanced": (0, 1, 1, 1),
    "won": (0, 0, 1, 1),
    "lost": (0, 0, 0, 1),
    "win_rate": (None, None, Decimal(1), Decimal("0.5")),
    "credited_won": (0, 0, 30000, 30000),
    "cost": (10000, 10000, 10000, 10000),
    "roi_realised": (Decimal(4), Decimal("3.2"), Decimal("6.2"), Decimal("6.2")),
    "roi_collected": (Decimal(1), Decimal(3), Decimal(3), Decimal("4.5")),
    "roi_closed_won": (Decimal(-1), Decimal(-1), Decimal(2), Decimal(2)),
}


def at_age(aged, campaign, name):
    return aged.one(
        "select * from marts.campaign_at_age where campaign_key = ? and age_name = ?", campaign, name
    )


@pytest.mark.parametrize("column", OLD)
def test_measures_of_an_event_at_the_same_age(aged, column):
    assert tuple(at_age(aged, "old", name)[column] for name in AGES) == OLD[column]


def test_the_companys_own_age_is_assumed_under_twenty_won_deals(aged):
    row = at_age(aged, "old", "cycle")
    assert (row["age_days"], row["as_of"], row["attributed"]) == (180, date(2025, 7, 10), 72000)


def test_an_age_is_shown_only_when_its_day_is_before_today(aged):
    just, almost = at_age(aged, "just", "30"), at_age(aged, "almost", "30")
    assert (just["as_of"], just["is_shown"], just["blank_reason"]) == (date(2026, 6, 29), True, None)
    assert (almost["as_of"], almost["is_shown"], almost["blank_reason"]) == (
        date(2026, 6, 30),
        False,
        "too_young",
    )
    assert [almost[name] for name in OLD if name != "as_of"] == [None] * (len(OLD) - 1)


def test_an_event_without_dates_has_no_age(aged):
    rows = aged.rows("select * from marts.campaign_at_age where campaign_key = 'dateless'")
    assert len(rows) == 5
    for row in rows:
        assert (row["is_shown"], row["blank_reason"], row["as_of"]) == (False, "no_dates", None)
        assert row["attributed"] is None


def test_no_cost_is_no_return_at_any_age(aged):
    row = at_age(aged, "just", "30")
    assert (row["cost"], row["roi_realised"], row["roi_collected"], row["roi_closed_won"]) == (None,) * 4
    assert (row["attributed"], row["attendee_ltv"], row["win_rate"]) == (0, 0, None)


def test_interval_of_a_win_rate_at_an_age(aged):
    """One won, one lost: the ends are where 1 of 2 or better, or 1 of 2 or worse, has a chance of 2.5 %."""
    row = at_age(aged, "old", "365")
    low, high = float(row["win_rate_low"]), float(row["win_rate_high"])
    assert binom.sf(0, 2, low) == pytest.approx(0.025, abs=1e-6)
    assert binom.cdf(1, 2, high) == pytest.approx(0.025, abs=1e-6)
    assert (low, high) == pytest.approx((beta.ppf(0.025, 1, 2), beta.ppf(0.975, 2, 1)), abs=1e-6)
    assert at_age(aged, "old", "90")["win_rate_low"] is None
