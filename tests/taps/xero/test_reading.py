"""What the tap asks Xero, and what it makes of the answers."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.taps.xero.fake import at, invoice

INVOICES = ("invoices",)


def listing(xero):
    """The calls that read, without those that count."""
    return [call for call in xero.calls if call.get("pageSize") != "1"]


def test_a_full_read_asks_page_by_page_for_what_changed_after_the_page_before(xero, tap):
    xero.rows["Invoices"] = [invoice(n, f"2026-10-{n:02}T10:00:00") for n in range(1, 6)]

    run = tap(select=INVOICES, page_size=2)

    asked = [(call["since"], call["page"], call["order"]) for call in listing(xero)]
    assert asked[0] == (None, "1", "UpdatedDateUTC ASC")
    assert [since for since, _, _ in asked[1:]] == [
        "2026-10-02T09:59:59Z",
        "2026-10-03T09:59:59Z",
        "2026-10-04T09:59:59Z",
    ]
    assert {record["invoice_number"] for record in run.records("invoices")} == {
        f"INV-{n}" for n in range(1, 6)
    }
    assert (run.code, run.bookmark("invoices")["replication_key_value"]) == (0, "2026-10-05T10:00:00.000Z")


def test_a_record_keeps_every_digit_and_its_day(xero, tap):
    line = {"LineItemID": "l", "LineAmount": 1234567890.12, "Tracking": [], "TaxAmount": 0.10}
    xero.rows["Invoices"] = [
        invoice(1, LineItems=[line], CurrencyRate=1.123456, Payments=[{"Date": at("2026-10-01")}])
    ]

    (record,) = tap(select=INVOICES).records("invoices")

    assert (record["date"], record["sub_total"], record["currency_rate"]) == (
        "2018-10-20",
        "100.1",
        "1.123456",
    )
    assert record["line_items"][0]["LineAmount"] == "1234567890.12"
    assert record["payments"] == [{"Date": "2026-10-01"}]
    assert (record["contact_id"], record["updated_date_utc"]) == ("contact-1", "2026-10-30T10:00:00.000Z")


def test_the_next_run_asks_for_what_changed_with_one_call(xero, tap):
    xero.rows["Invoices"] = [invoice(n, f"2026-10-{n:02}T10:00:00") for n in range(1, 6)]
    state = tap(select=INVOICES).state
    xero.rows["Invoices"][0] |= {"Status": "VOIDED", "UpdatedDateUTC": at("2026-10-31T11:00:00")}
    xero.calls.clear()

    run = tap(select=INVOICES, state=state)

    assert [(call["name"], call["since"]) for call in xero.calls] == [("Invoices", "2026-10-05T09:55:00Z")]
    assert {r["invoice_id"]: r["status"] for r in run.records("invoices")}["id-1"] == "VOIDED"
    assert run.bookmark("invoices")["replication_key_value"] == "2026-10-31T11:00:00.000Z"


def test_a_copy_of_yesterday_says_how_old_its_newest_row_is(xero, tap):
    xero.rows["Invoices"] = [invoice(1, "2026-10-05T10:00:00"), invoice(2, "2026-10-30T10:00:00")]
    state = tap(select=INVOICES).state
    for row in xero.rows["Invoices"]:
        row["UpdatedDateUTC"] = at(f"2026-10-{4 if row['InvoiceID'] == 'id-1' else 29:02}T10:00:00")
    xero.calls.clear()

    run = tap(select=INVOICES, state=state)

    assert run.proof("invoices")["source_cursor"] == "2026-10-29T10:00:00.000Z"
    assert run.bookmark("invoices") == state["bookmarks"]["invoices"]
    assert len(xero.calls) == 2


def test_the_count_is_taken_once_a_day_and_leaves_out_what_changes_meanwhile(xero, tap):
    xero.rows["Invoices"] = [invoice(1), invoice(2), invoice(3, "2026-10-31T11:59:59")]

    proof = tap(select=INVOICES).proof("invoices")

    assert (proof["source_count"], proof["count_column"]) == (2, "updated_date_utc")
    assert proof["count_until"] == "2026-10-31T11:59:00Z"
    assert proof["source_cursor"] == "2026-10-31T11:59:59.000Z"


def test_more_rows_in_one_second_than_fit_a_page_are_read_by_number(xero, tap):
    xero.rows["Invoices"] = [invoice(n) for n in range(5)]

    run = tap(select=INVOICES, page_size=2)

    assert run.code == 0
    assert len({record["invoice_id"] for record in run.records("invoices")}) == 5


def test_a_row_that_moves_to_the_end_while_we_read_costs_no_other_row(xero, tap):
    xero.rows["Invoices"] = rows = [invoice(n, f"2026-10-{n:02}T10:00:00") for n in range(1, 6)]
    answer = xero.page

    def edited_after_the_first_page(name, found, query, since):
        page = answer(name, found, query, since)
        if query["pageSize"] == "2" and since is None:
            rows[0]["UpdatedDateUTC"] = at("2026-10-31T11:30:00")
        return page

    xero.page = edited_after_the_first_page
    run = tap(select=INVOICES, page_size=2)

    assert run.code == 0
    assert {record["invoice_id"] for record in run.records("invoices")} == {f"id-{n}" for n in range(1, 6)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Date": "yesterday"}, "date: not a date"),
        ({"Total": "much"}, "total: not a number"),
        ({"InvoiceID": None}, "invoice_id: there is none"),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_its_neighbours_are_not(xero, tap, change, reason):
    xero.rows["Invoices"] = [invoice(1), invoice(2) | change, invoice(3)]

    run = tap(select=INVOICES)

    (bad,) = run.of("QUARANTINE")
    assert (bad["reason"], bad["record"]["InvoiceNumber"]) == (reason, "INV-2")
    assert [record["invoice_id"] for record in run.records("invoices")] == ["id-1", "id-3"]


def test_what_was_set_aside_is_asked_for_again_by_its_id(xero, tap):
    xero.rows["Invoices"] = [invoice(1, Total="much")]
    state = tap(select=INVOICES).state
    xero.rows["Invoices"] = [invoice(1)]
    xero.calls.clear()

    run = tap(select=INVOICES, state=state)

    assert any(call["path"].endswith("/Invoices/id-1") for call in xero.calls)
    assert next(record["total"] for record in run.records("invoices")) == "100.1"
    assert "quarantined" not in run.bookmark("invoices")


def test_a_small_listing_comes_whole_and_says_its_classes(xero, tap):
    xero.rows["Accounts"] = [
        {"AccountID": "a", "Code": "200", "Class": "REVENUE"},
        {"AccountID": "b", "Code": "835", "Class": "LIABILITY"},
    ]

    run = tap(select=("accounts",), account_classes={"200": "pass_through"})

    assert [r["line_class"] for r in run.records("accounts")] == ["pass_through", None]
    assert run.proof("accounts")["source_count"] == 2
    assert [call for call in xero.calls if call["since"]] == []


def test_an_unknown_line_class_is_refused(xero, tap):
    run = tap(account_classes={"200": "profit"})

    assert (run.code, run.stopped["message"]) == (2, "account_classes: no such class: profit")


def test_twenty_thousand_invoices_cost_the_fewest_calls_there_can_be_and_a_few(xero, tap):
    first = datetime(2026, 1, 1, tzinfo=UTC)
    xero.rows["Invoices"] = [
        invoice(n, (first + timedelta(minutes=20 * n)).strftime("%Y-%m-%dT%H:%M:%S")) for n in range(20_000)
    ]

    run = tap(select=INVOICES)

    assert run.code == 0
    assert len({record["invoice_id"] for record in run.records("invoices")}) == 20_000
    assert len(listing(xero)) <= 20 + 1
    assert len(xero.calls) - len(listing(xero)) == 2, "the count of the day"
