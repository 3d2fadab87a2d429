"""Cases at the edge, each by its name: one company of its own for each, all in one small world of 30 June 2026."""

from datetime import date
from decimal import Decimal

import pytest
from tests.models import kit
from tests.models.examples import Books, at, contact, day, deal
from tests.models.kit import attended, event, paid


def came(books, key, name, *campaigns, account=None):
    """Add an account with its customer, and a contact of it who attended every one of some campaigns."""
    books.company(key, name)
    books.add("person", contact(f"p-{key}", account or f"a-{key}"))
    books.add("touch", *(attended(f"t-{key}-{campaign}", campaign, f"p-{key}") for campaign in campaigns))


def no_cost(books):
    books.add("campaign", event("no-cost", day(2, 1), budget="900.00"))
    came(books, "nco", "No Cost", "no-cost")
    books.sale("nco", "c-nco", day(2, 2), "100.00")


def zero_attendees(books):
    books.add("campaign", event("nobody", day(2, 1), actual_cost="100.00"))


def one_deal(books):
    books.add("campaign", event("one", day(2, 1)))
    came(books, "one", "Only One", "one")
    books.add("opportunity", deal("one", "a-one", at(2, 5), at(3, 1), won=True))


def all_lost(books):
    books.add("campaign", event("lost", day(2, 1), actual_cost="50.00"))
    came(books, "los", "Losers", "lost")
    books.add("opportunity", *(deal(f"lost{n}", "a-los", at(2, 4 + n), at(3, n)) for n in (1, 2)))


def large_refund(books):
    books.add("campaign", event("refund", day(2, 1), actual_cost="100.00"))
    came(books, "ref", "Refunded", "refund")
    books.sale("ref1", "c-ref", day(2, 10), "100.00", balance="0")
    books.add("allocation", paid("ref", "ref1", day(2, 20), "100.00"))
    books.sale("ref2", "c-ref", day(3, 1), "150.00", kind="refund", credited_document_key="ref1", balance="0")


def late_credit_note(books):
    books.add("campaign", event("late", day(2, 1)))
    came(books, "lat", "Latecomer", "late")
    books.sale("lat1", "c-lat", day(2, 10), "100.00", balance="0")
    books.sale(
        "lat2", "c-lat", day(7, 5), "40.00", kind="credit_note", credited_document_key="lat1", balance="0"
    )
    books.credit("lat", "lat1", "lat2", day(7, 5), "40.00")
    books.add("allocation", paid("lat3", "lat1", day(6, 1), "60.00"))


def closed_before(books):
    books.add("campaign", event("after", day(5, 1)))
    came(books, "aft", "Afterwards", "after")
    books.add("opportunity", deal("aft", "a-aft", at(3, 1), at(4, 1), won=True))
    books.sale("aft", "c-aft", day(5, 10), "100.00", opportunity_ref="AFT")


def three_at_once(books):
    books.add("campaign", *(event(f"tri{n}", day(3, 3)) for n in (3, 1, 2)))
    came(books, "tri", "Thrice", "tri1", "tri2", "tri3")
    books.sale("tri", "c-tri", day(3, 10), "100.00")


def merged(books):
    books.add("campaign", event("merge", day(2, 1)))
    came(books, "new", "Newname", "merge")
    books.company("old", "Oldname", merged_into="a-new")
    books.sale("mer", "c-old", day(2, 10), "100.00")


def negative(books):
    books.add("campaign", event("minus", day(2, 1), actual_cost="10.00"))
    came(books, "neg", "Negative", "minus")
    books.sale("neg", "c-neg", day(2, 10), "100.00", kind="credit_note")


def future(books):
    books.add("campaign", event("future", day(2, 1), actual_cost="10.00"))
    came(books, "fut", "Future", "future")
    books.sale("fut", "c-fut", day(7, 15), "100.00")


def leap_day(books):
    books.add("campaign", event("leap", day(2, 29, 2024)))
    for key, when in (("le1", day(2, 28, 2025)), ("le2", day(3, 1, 2025))):
        came(books, key, f"Leap {key}", "leap")
        books.sale(key, f"c-{key}", when, "100.00")


def summer_time(books):
    # Clocks in Chicago go from 2 to 3 on 8 March: the hour before midnight UTC plus 5:30 is another one each night.
    books.add("campaign", event("dst", day(3, 7), day(3, 9)))
    books.company("dst", "Night Owls")
    books.add("person", *(contact(f"p-dst{n}", "a-dst") for n in (1, 2)))
    for n, when in ((1, at(3, 8, 5)), (2, at(3, 9, 5))):
        books.add("touch", attended(f"t-dst{n}", "dst", f"p-dst{n}", occurred_at=when.replace(minute=30)))


def midnight(books):
    books.add(
        "campaign",
        event("eve", day(3, 31), day(4, 1), actual_cost="10.00"),
        event("tonight", day(6, 29), day(6, 30), actual_cost="10.00"),
    )
    books.company("mid", "Midnight")
    books.add("person", *(contact(f"p-mid{n}", "a-mid") for n in (1, 2)))
    for n, when in ((1, at(4, 1, 4)), (2, at(4, 1, 6))):
        books.add("touch", attended(f"t-mid{n}", "eve", f"p-mid{n}", occurred_at=when))


def without_dates(books):
    books.add("campaign", {"key": "undated", "name": "Undated", "actual_cost": "10.00"})
    came(books, "und", "Undated", "undated")
    books.sale("und", "c-und", day(2, 10), "100.00")


CASES = (
    no_cost, zero_attendees, one_deal, all_lost, large_refund, late_credit_note, closed_before, three_at_once, merged,
    negative, future, leap_day, summer_time, midnight, without_dates,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    books = Books()
    for case in CASES:
        case(books)
    made = kit.build(tmp_path_factory.mktemp("edges"), books.rows)
    made.reconcile()
    yield made
    made.close()


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
    # All that the account ever bought shows; what it bought since the event cannot.
    assert measure("undated", "attendee_ltv", "ltv_after_event", "new_customers") == (10000, 0, 0)


def test_no_check_fails_at_any_edge(world):
    failed = [
        name
        for (name,) in world.store.query(
            "select table_name from duckdb_tables() where schema_name = 'checks'"
        )
        if world.store.query(f"select 1 from checks.{name}")
    ]
    assert failed == []
