"""Cases at the edge, each by its name: one company of its own for each, on the books of `edges`, on 30 June 2026."""

from datetime import date
from decimal import Decimal

import pytest
from tests.models.examples import day


@pytest.fixture
def world(books):
    return books


@pytest.fixture
def measure(world):
    def of(campaign, *columns):
        row = world.one("select * from marts.campaign_measures where campaign_key = ?", campaign)
        return tuple(row[column] for column in columns)

    return of


def of_account(world, account, *columns):
    row = world.one("select * from marts.account_measures where account_key = ?", account)
    return tuple(row[column] for column in columns)


def of_document(world, key, *columns):
    row = world.one("select * from marts.document_value where document_key = ?", key)
    return tuple(row[column] for column in columns)


def credit(world, key, model="linear"):
    sql = "select campaign_key, value from marts.attribution_credit where document_key = ? and model = ? order by 1"
    return {row["campaign_key"]: row["value"] for row in world.rows(sql, key, model)}


def test_no_cost_is_no_return_and_the_budget_is_none(measure):
    assert measure("no-cost", "cost", "cost_source", "roi_blank_reason") == (None, "none", "no_cost")
    returns = ("roi_realised", "roi_collected", "roi_closed_won", "roi_pipeline", "roi_without_largest")
    assert set(measure("no-cost", *returns)) == {None}
    assert measure("no-cost", "budget", "budget_variance", "cost_per_attendee") == (90000, None, None)
    assert measure("no-cost", "payback_date", "paid_back_now") == (None, None)
    assert measure("no-cost", "attributed_linear") == (10000,)


def test_zero_attendees_leave_shares_blank_and_lose_the_whole_cost(measure):
    assert measure("nobody", "attended", "registered", "accounts_reached", "attendee_ltv") == (0, 0, 0, 0)
    assert measure("nobody", "show_rate", "cost_per_attendee", "cost_per_lead", "win_rate") == (None,) * 4
    assert measure("nobody", "roi_realised", "roi_without_largest") == (Decimal(-1), Decimal(-1))
    assert measure("nobody", "paid_back_now", "open_age_days") == (False, None)


def test_one_deal_has_the_exact_interval_of_one_in_one(measure):
    # Of one won in one the lower end is 0.025 itself.
    assert measure("one", "won", "win_rate", "win_rate_low", "win_rate_high") == (
        1, Decimal(1), Decimal("0.025000"), Decimal(1),
    )  # fmt: skip


def test_all_lost_is_a_rate_of_nought_and_a_return_of_minus_one(measure):
    # Of none in two the upper end is 1 less the root of 0.025.
    assert measure("lost", "won", "lost", "win_rate", "win_rate_low", "win_rate_high") == (
        0, 2, Decimal(0), Decimal(0), Decimal("0.841886"),
    )  # fmt: skip
    assert measure("lost", "roi_closed_won", "credited_won_linear", "credited_open_linear") == (
        Decimal(-1),
        0,
        0,
    )


def test_refund_larger_than_the_invoice_takes_back_more_than_was_given(world, measure):
    assert credit(world, "ref2") == {"refund": -15000}
    assert measure("refund", "attributed_linear", "attributed_linear_collected") == (-5000, -5000)
    # 100.00 came and 150.00 went: 50.00 lost, and the 100.00 that it cost.
    assert measure("refund", "roi_realised", "roi_collected") == (Decimal("-1.5"), Decimal("-1.5"))
    # The cost was back on 10 February, until the refund.
    assert measure("refund", "payback_date", "payback_lost_date", "paid_back_now") == (
        day(2, 10),
        day(3, 1),
        False,
    )
    assert measure("refund", "payback_date_collected") == (day(2, 20),)
    assert of_account(world, "a-ref", "invoiced", "collected") == (-5000, -5000)


def test_credit_note_after_the_as_of_date_changes_nothing_yet(world):
    assert world.rows("select * from marts.document_value where document_key = 'lat2'") == []
    assert of_document(world, "lat1", "value", "collected", "open") == (10000, 6000, 4000)


def test_event_after_the_deal_closed_has_no_part_in_it(world, measure):
    assert of_document(world, "aft", "bucket", "deal_key") == ("no_touch", "aft")
    names = (
        "attributed_linear",
        "credited_won_linear",
        "opportunities_created",
        "opportunities_advanced",
        "influenced",
    )
    assert measure("after", *names) == (0, 0, 0, 0, 0)
    # It did come before the document, so what the account is worth shows.
    assert measure("after", "attendee_ltv", "ltv_after_event") == (10000, 10000)


def test_attendee_at_three_events_on_one_day_is_ordered_by_key(world):
    assert credit(world, "tri") == {"tri1": 3334, "tri2": 3333, "tri3": 3333}
    assert credit(world, "tri", "first") == {"tri1": 10000}
    assert credit(world, "tri", "last") == {"tri3": 10000}
    assert of_account(world, "a-tri", "events_attended", "invoiced", "attributed") == (3, 10000, 10000)


def test_two_accounts_merged_after_the_invoice_are_the_one_that_is_left(world, measure):
    assert of_document(world, "mer", "account_key", "bucket") == ("a-new", "credited")
    assert measure("merge", "attributed_linear", "attendee_ltv", "new_customers") == (10000, 10000, 1)
    assert world.rows("select * from marts.account_measures where account_key = 'a-old'") == []


def test_negative_lifetime_value_is_shown_as_it_is(world, measure):
    assert of_account(world, "a-neg", "invoiced", "first_document_date") == (-10000, None)
    assert measure("minus", "attendee_ltv", "ltv_after_event", "new_customers") == (-10000, -10000, 0)
    # An account that has not bought anything yet is new: a first invoice still to come must not move the note.
    assert measure("minus", "attributed_linear", "attributed_linear_no_deal") == (-10000, 0)
    # 100.00 went and 10.00 was the cost.
    assert measure("minus", "roi_realised", "payback_date", "paid_back_now") == (Decimal(-11), None, False)


def test_future_dated_invoice_is_in_nothing(world, measure):
    assert world.rows("select * from marts.document_value where document_key = 'fut'") == []
    assert of_account(world, "a-fut", "invoiced", "first_document_date", "customers") == (0, None, 1)
    assert measure("future", "attributed_linear", "new_customers", "roi_realised") == (0, 0, Decimal(-1))


def test_29_february_is_365_days_before_28_february(world):
    assert credit(world, "le1") == {"leap": 10000}
    assert credit(world, "le2") == {}


def test_dst_night_has_the_days_of_the_wall_clock(world):
    # 23:30 of the 7th in winter time, half past midnight of the 9th in summer time.
    sql = "select touch_key, touch_date from marts.touch_resolved where campaign_key = 'dst' order by 1"
    assert [row["touch_date"] for row in world.rows(sql)] == [date(2026, 3, 7), date(2026, 3, 9)]


def test_event_across_midnight_has_two_days_and_ends_with_the_second(world, measure):
    sql = "select touch_key, touch_date from marts.touch_resolved where campaign_key = 'eve' order by 1"
    assert [row["touch_date"] for row in world.rows(sql)] == [date(2026, 3, 31), date(2026, 4, 1)]
    assert measure("eve", "roi_realised", "attended") == (Decimal(-1), 2)
    assert measure("tonight", "roi_realised", "roi_blank_reason") == (None, "not_yet")


def test_campaign_without_dates_counts_people_and_earns_nothing(world, measure):
    assert measure("undated", "attended", "leads_captured", "accounts_reached") == (1, 1, 1)
    assert of_document(world, "und", "bucket") == ("no_touch",)
    assert measure("undated", "attributed_linear", "roi_realised", "immature") == (0, None, False)
    # All that the account ever bought shows; what it bought since the event nobody knows.
    assert measure("undated", "attendee_ltv", "ltv_after_event", "new_customers") == (10000, None, None)
    assert measure("undated", "roi_blank_reason") == ("no_dates",)


def test_a_lost_deal_has_not_come_further_wherever_the_vendor_sorts_lost(measure):
    # The other deal reached the stage behind it, without being won yet.
    assert measure("last", "opportunities_advanced", "pipeline_at_event") == (1, 10000)


def test_what_is_void_draft_or_deleted_settles_nothing(world):
    assert of_account(world, "a-voc", "invoiced", "collected") == (5000, 0)
    assert {of_document(world, f"voc{n}", "open") for n in range(1, 6)} == {(1000,)}


def test_no_check_fails_at_any_edge(world):
    failed = [
        name
        for (name,) in world.store.query(
            "select table_name from duckdb_tables() where schema_name = 'checks'"
        )
        if world.store.query(f"select 1 from checks.{name}")
    ]
    assert failed == []
