"""The table of the figures of an event by hand: p1 of `examples`, on 2 and 3 February, and last year's edition q1."""

from datetime import date
from decimal import Decimal

import pytest
from tests.models.examples import Example, row


def event(of, key="p1", **expected):
    sql = f"select {', '.join(expected)} from marts.campaign_measures where campaign_key = '{key}'"
    return Example(of=of, sql=sql, expected=row(expected))


def group(of, table, key, **expected):
    column = {"series_measures": "series", "kind_measures": "kind", "owner_measures": "owner_key"}[table]
    sql = f"select {', '.join(expected)} from marts.{table} where {column} = '{key}'"
    return Example(of=of, sql=sql, expected=row(expected))


EXAMPLES = (
    # Alder 50 + 80 + 60; Birch 30 + 400 - 250 + 250; Elm 20. Collected: Birch's 30 and 400.
    event("attendee_ltv", attendee_ltv=19000 + 43000 + 2000, attendee_ltv_collected=43000),
    # Without Alder's 50.00 of December; the receipt of the first day counts.
    event("ltv_after_event", ltv_after_event=59000, ltv_after_event_collected=43000),
    event("new_customers", new_customers=2),
    # Alder's of 10 March, Birch's, Dogwood's, Elm's; with a role only Birch's. Cedar's is older, was open, and rose.
    event("opportunities_created", opportunities_created=4, opportunities_created_role=1),
    event("opportunities_advanced", opportunities_advanced=1),
    # Dogwood's first amount that was not zero is 280.00: 60 + 400 + 280 + 101.01.
    event("pipeline_created", pipeline_created=84101),
    # Cedar's amount was 100.00 on the day of the touch and is 250.00 now.
    event("pipeline_at_event", pipeline_at_event=10000),
    event("pipeline_open", pipeline_open=25000 + 10101),
    # 250.00 · 0.5 and 101.01 · 0.25 = 25.2525.
    event("pipeline_weighted", pipeline_weighted=12500 + 2525),
    event("win rate by count", won=2, lost=1, open_count=1, win_rate=Decimal("0.666667")),
    # The published interval of two of three: 9.43 % to 99.16 %.
    event("win rate's interval", win_rate_low=Decimal("0.094299"), win_rate_high=Decimal("0.991596")),
    event("age of what is open", open_age_days=91),
    event("win rate by amount from twenty decided", won_amount=46000, lost_amount=30000, win_rate_by_amount=None),
    # The cycle is assumed, 180 days: of q1's deals all three are older, one was won; of p1's none is.
    event("win_rate_cohort", "q1", win_rate_cohort=Decimal("0.333333"), win_rate=Decimal("0.500000")),
    event("win_rate_cohort without one old enough", win_rate_cohort=None),
    event("sourced, influenced", sourced=3, influenced=5),
    # Open: Cedar's 250.00 and Elm's 101.01. Won: Alder's and Birch's.
    event("credited_won, credited_open", credited_won_linear=46000, credited_open_linear=35101),
    # 30 + 400 - 250 + 250 of Birch, 20 of Elm, 60 of Alder; Alder's 80.00 has no deal and is no new business.
    event("attributed", attributed_linear=51000, attributed_linear_collected=43000),
    event("attributed_no_deal", attributed_linear_no_deal=8000),
    event("new business and expansion", attributed_new_business=45000, attributed_expansion=6000),
    event("cost", cost=30000, cost_source="entered", cost_fully_loaded=33000),
    event("budget and its variance", budget=35000, budget_variance=5000),
    # Six attended (one without any identity), six leads (one responded), four opportunities, two new customers.
    event("cost per attendee, lead, opportunity, customer", cost_per_attendee=5000, cost_per_lead=5000,
          cost_per_opportunity=7500, cost_per_new_customer=15000),
    event("pipeline per unit of cost", pipeline_per_cost=Decimal("2.803367")),
    event("cost per blank when a part is zero", "q1", cost_per_opportunity=3333, attended=2, leads_captured=2),
    event("roi_realised", roi_realised=Decimal("0.700000")),
    event("roi_collected", roi_collected=Decimal("0.433333")),
    # 510.00 · 0.6 = 306.00.
    event("roi_margin", roi_margin=Decimal("0.020000")),
    event("roi_closed_won", roi_closed_won=Decimal("0.533333")),
    # 460.00 won, 250.00 · 0.5 and 25.25 open, less 300.00.
    event("roi_pipeline", roi_pipeline=Decimal("1.034167")),
    # Birch has 430.00 of the 510.00.
    event("roi_without_largest", roi_without_largest=Decimal("-0.733333")),
    # 30.00 on 2 February; 430.00 on 11 March; 490.00 on the 20th; 510.00 on 1 April; 260.00 after the credit note of 1 May;
    # 510.00 again on 20 May.
    event("payback", payback_date=date(2026, 3, 11), payback_lost_date=date(2026, 5, 1),
          payback_regained_date=date(2026, 5, 20), paid_back_now=True),
    # 30.00 and, on 10 April, 400.00.
    event("payback on collected", payback_date_collected=date(2026, 4, 10), payback_lost_date_collected=None,
          payback_regained_date_collected=None, paid_back_now_collected=True),
    # Six came, one was registered, one did not show up.
    event("show rate", registered=8, no_shows=1, show_rate=Decimal("0.750000")),
    # From 2 February: 8 (Birch), 31 (Dogwood), 36 (Alder), 57 (Elm) days: the second and the fourth of four.
    event("days from touch to opportunity", days_touch_to_opportunity=31, days_touch_to_opportunity_p80=57),
    # Alder 5, Birch 19: the first and the second of two.
    event("days from opportunity to won", days_opportunity_to_won=5, days_opportunity_to_won_p80=19),
    event("days from won to the first invoice", days_won_to_invoice=5, days_won_to_invoice_p80=10),
    event("days from invoice to paid", days_invoice_to_paid=30, days_invoice_to_paid_p80=30),
    # 3 February is 147 days before the last day.
    event("immature", immature=True),
    event("immature no more", "q1", immature=False),
    # Over the series: six came to p1, two to q1, of whom Alder's contact to both.
    group("attended over a series", "series_measures", "Pine", attended=7, accounts_reached=6),
    group("value over a series is not counted twice", "series_measures", "Pine", attendee_ltv=74000),
    # 510.00; q1's 50.00 of Alder's first order and Quince's 100.00; costs 300.00 and 100.00.
    group("additive figures are summed", "series_measures", "Pine", attributed_linear=66000, cost=40000),
    group("deals over a kind", "kind_measures", "trade_show", opportunities_created=7, won=3, lost=2),
    group("figures of an owner", "owner_measures", "u1", opportunities_advanced=1, cost=40000),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.of)
def test_event(books, example):
    assert example.found(books) == example.expected
