"""How streams are read: pages, bookmarks, change data capture, deletes and voids, and what a vendor does on a bad day."""

from math import ceil

import pytest
from tests.taps.running import budget

from closedloop.sandbox.quickbooks import Oddities, serve

ONE_LINE = {
    "Id": "1",
    "Amount": "100.00",
    "DetailType": "SalesItemLineDetail",
    "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
}


def invoice(books, **more):
    customer = books.records("Customer")[0]["Id"]
    return books.create(
        "Invoice",
        {
            "CustomerRef": {"value": customer},
            "TxnDate": "2026-10-30",
            "Line": [ONE_LINE],
            "TxnTaxDetail": {"TotalTax": "8"},
            **more,
        },
    )


def asked(books, since=0):
    return [one for one in books.requests(since) if one["kind"] != "token"]


def test_a_full_read_gives_every_object_once_and_proves_it(books, tap):
    run = tap(page_size=7)

    assert run.code == 0
    for stream, entity in (("invoice", "Invoice"), ("payment", "Payment"), ("customer", "Customer")):
        held = {row["Id"] for row in books.records(entity)}
        assert sorted(run.ids(stream)) == sorted(held)
        proof = run.proof(stream)
        assert (proof["source_count"], proof["error"]) == (len(held), None)
        assert proof["cursor"] == proof["source_cursor"]


def test_a_full_read_takes_the_fewest_calls_plus_a_constant(books, tap):
    rows = len(books.records("Invoice"))

    small, large = tap(only=["invoice"], page_size=9), tap(only=["invoice"])

    pages = small.proof("invoice")["requests"] - large.proof("invoice")["requests"] + 1
    assert rows > 27
    assert ceil(rows / 9) <= pages <= ceil(rows / 8)


def test_many_rows_of_one_second_are_stepped_through(books, tap):
    stamp = books.records("Invoice")[0]["MetaData"]
    for row in books.records("Invoice"):
        books.rewrite("Invoice", row["Id"], {"MetaData": stamp})

    run = tap(only=["invoice"], page_size=5)

    assert sorted(run.ids("invoice")) == sorted(row["Id"] for row in books.records("Invoice"))
    assert run.proof("invoice")["error"] is None


def test_an_increment_is_one_call_for_all_streams(books, tap):
    state = tap().state
    books.advance(3600)
    made, before = invoice(books), len(books.requests())
    books.advance(120)

    run = tap(state=state)

    kinds = [one["kind"] for one in asked(books, before)]
    assert run.ids("invoice") == [made]
    assert kinds.count("cdc") == 1
    assert len(kinds) <= 8
    assert run.ids("customer") == []
    assert all(proof["error"] is None for proof in run.of("PROOF"))
    assert run.proof("invoice")["source_count"] == len(books.records("Invoice"))


def test_nothing_new_moves_nothing_and_is_proven_all_the_same(books, tap):
    state = tap().state
    books.advance(7200)

    run = tap(state=state)

    assert run.of("RECORD", "invoice") == []
    assert (
        run.bookmark("invoice")["replication_key_value"]
        == state["bookmarks"]["invoice"]["replication_key_value"]
    )
    assert run.bookmark("invoice")["through"] > state["bookmarks"]["invoice"]["through"]


def test_a_gap_longer_than_capture_reaches_is_read_by_window(books, tap):
    state = tap(only=["invoice"]).state
    books.advance(40 * 86_400)
    made, before = invoice(books), len(books.requests())

    run = tap(state=state, only=["invoice"])

    assert run.ids("invoice") == [made]
    assert "cdc" not in {one["kind"] for one in asked(books, before)}


def test_more_changes_than_capture_holds_are_read_by_window(world, tap):
    with serve(world) as books:
        places = {**books.settings, "page_size": 500}
        state = tap(only=["invoice", "customer"], **places).state
        books.advance(600)
        made = [invoice(books) for _ in range(1001)]
        before = len(books.requests())

        run = tap(state=state, only=["invoice", "customer"], **places)

        assert sorted(run.ids("invoice")) == sorted(made)
        assert [one["kind"] for one in asked(books, before)].count("cdc") == 1
        assert run.proof("invoice")["error"] is None


def test_capture_can_be_switched_off(books, tap):
    state = tap(only=["invoice"]).state
    books.advance(600)
    made, before = invoice(books), len(books.requests())

    assert tap(state=state, only=["invoice"], capture=False).ids("invoice") == [made]
    assert "cdc" not in {one["kind"] for one in asked(books, before)}


def test_a_void_comes_as_a_fact(books, tap):
    state = tap(only=["invoice"]).state
    books.advance(600)
    key = books.records("Invoice")[0]["Id"]
    books.void("Invoice", key)

    (record,) = tap(state=state, only=["invoice"]).records("invoice")

    assert (record["id"], record["total_amt"], record["private_note"]) == (key, "0.00", "Voided")


def test_a_delete_lowers_the_count_and_a_sweep_finds_it(books, tap):
    first = tap(only=["invoice"])
    books.advance(600)
    key = books.records("Invoice")[3]["Id"]
    books.delete("Invoice", key)

    second = tap(state=first.state, only=["invoice"])
    swept = tap("--sweep", "invoice", page_size=6)

    assert second.proof("invoice")["source_count"] == first.proof("invoice")["source_count"] - 1
    ids = [line["id"] for line in swept.lines if "id" in line]
    assert key not in ids
    assert sorted(ids) == sorted(row["Id"] for row in books.records("Invoice"))
    assert swept.lines[-1]["sweep_count"] == swept.lines[-1]["source_count"] == len(ids)


def test_a_delete_within_capture_comes_as_a_tombstone(books, tap):
    first = tap(only=["invoice", "payment"])
    books.advance(600)
    key, kept = (row["Id"] for row in books.records("Invoice")[3:5])
    books.delete("Invoice", key)
    books.edit("Invoice", kept, {"PrivateNote": "changed"})

    second = tap(state=first.state, only=["invoice", "payment"])
    changed, gone = second.records("invoice")

    assert (changed["id"], changed["private_note"]) == (kept, "changed")
    assert (gone["id"], set(gone)) == (key, {"id", "_sdc_deleted_at"})
    assert gone["_sdc_deleted_at"] > first.bookmark("invoice")["through"]
    assert second.records("payment") == []


def test_inactive_names_are_read_too(books, tap):
    key = books.records("Customer")[0]["Id"]
    books.edit("Customer", key, {"Active": False})

    run = tap(only=["customer"])

    found = {record["id"]: record for record in run.records("customer")}
    assert found[key]["active"] is False
    assert found[key]["display_name"].endswith(" (deleted)")
    assert run.proof("customer")["source_count"] == len(found)


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(books, tap):
    whole = tap(only=["invoice"], page_size=10)
    states = [m["value"] for m in whole.of("STATE")]
    cut = next(s for s in states if s["bookmarks"]["invoice"].get("reached"))

    rest = tap(only=["invoice"], page_size=10, state=cut)

    firsts = whole.ids("invoice")[:10]
    assert not set(rest.ids("invoice")) & set(firsts)
    assert {*firsts, *rest.ids("invoice")} == set(whole.ids("invoice"))
    assert rest.proof("invoice")["error"] is None


def test_a_record_that_cannot_be_read_is_set_aside_and_tried_again(books, tap):
    made = invoice(books)
    books.edit("Invoice", made, {"TotalAmt": "ten"})

    first = tap(only=["invoice"])

    (bad,) = first.of("QUARANTINE")
    assert (bad["key"], bad["reason"]) == (made, "total_amt is not a finite number")
    assert first.bookmark("invoice")["quarantined"] == [made]
    assert made not in first.ids("invoice")
    books.rewrite("Invoice", made, {"TotalAmt": "108.00"})  # mended without a change of its time
    second = tap(only=["invoice"], state=first.state)
    assert made in second.ids("invoice")
    assert "quarantined" not in second.bookmark("invoice")


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "repeat_page"])
def test_a_listing_that_is_not_whole_fails_the_stream_and_keeps_the_bookmark(books, tap, kind):
    books.faults.add(kind, model="Invoice", method="query", nth=3)

    run = tap(only=["invoice", "customer"], page_size=10)

    assert run.code == 1
    assert run.proof("invoice")["error"]
    assert "through" not in run.bookmark("invoice")
    assert run.proof("customer")["error"] is None
    books.faults.clear()
    again = tap(only=["invoice"], page_size=10, state=run.state)
    assert {*run.ids("invoice"), *again.ids("invoice")} == {row["Id"] for row in books.records("Invoice")}


def test_a_capture_that_lacks_a_row_is_not_believed(books, tap):
    state = tap(only=["invoice"]).state
    books.advance(600)
    made = [invoice(books), invoice(books), invoice(books)]
    books.advance(120)
    books.faults.add("drop_row", model="Invoice", method="cdc", ids=[int(made[1])])

    run = tap(only=["invoice"], state=state)

    assert sorted(run.ids("invoice")) == sorted(made)


def test_a_frozen_listing_does_not_reach_the_newest_change(books, tap):
    books.faults.add(
        "freeze_cursor", model="Invoice", method="query", since="2025-01-01T00:00:00+00:00", nth=2
    )

    assert "incomplete" in tap(only=["invoice"]).proof("invoice")["error"]


@pytest.mark.parametrize(("kind", "wait"), [("429", 60.0), ("500", None), ("reset", None)])
def test_what_passes_is_waited_for(books, tap, waits, kind, wait):
    books.faults.add(kind, model="Invoice")

    run = tap(only=["invoice"])

    assert run.proof("invoice")["error"] is None
    assert len(waits) == 1
    assert wait is None or waits == [wait]


def test_retry_after_outranks_the_minute(books, tap, waits):
    books.faults.add("429", model="Invoice", retry_after=7)

    assert tap(only=["invoice"]).code == 0
    assert waits == [7.0]


def test_a_throttle_that_does_not_end_fails_one_stream(books, tap):
    books.faults.add("429", model="Invoice", times=None)

    run = tap(only=["invoice", "payment"])

    assert (run.code, run.proof("payment")["error"]) == (1, None)
    assert "limit" in run.proof("invoice")["error"]


def test_a_web_page_is_no_data(books, tap):
    books.faults.add("html", model="Invoice", status=200, times=None)

    assert "web page" in tap(only=["invoice"]).proof("invoice")["error"]


def test_amounts_as_text_are_the_same_amounts(world, tap):
    with serve(world) as plain, serve(world, oddities=Oddities(amounts_as_text=True)) as texts:
        one = tap(only=["invoice"], **plain.settings)
        other = tap(only=["invoice"], **texts.settings)

    assert one.records("invoice") == other.records("invoice")


def test_a_run_keeps_to_its_calls(books, tap):
    run = tap(max_calls=5)

    assert run.code == 4
    assert "5 calls" in run.stopped["message"]
    assert len(books.requests()) <= 6


def test_the_calls_of_a_month_are_shared_by_all_runs(books, tap):
    first = tap(only=["invoice"])
    made = len([one for one in books.requests() if one["kind"] != "token"])
    second = tap(only=["invoice"], calls_a_month=made)
    checked = tap("--check", calls_a_month=made + 500)
    books.advance(31 * 86_400)
    next_month = tap(only=["company_info"], calls_a_month=made)

    assert (first.code, second.code, next_month.code) == (0, 4, 0)
    assert budget(second.error) == (0, made, "month")
    assert budget(next_month.error)[0] == made - 1
    assert "month" in second.stopped["message"]
    (quota,) = (line for line in checked.lines if line["name"] == "quota")
    assert f" of {made + 500} calls" in quota["message"]


def test_calls_are_spread_over_the_second(books, tap, waits):
    assert tap(calls_a_second=2).code == 0

    assert len(waits) > 3
    assert all(wait <= 1 for wait in waits)


def test_one_currency_asks_for_no_rates(books, tap):
    books.edit("Preferences", "1", {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}})
    before = len(books.requests())

    run = tap(only=["exchange_rate"])

    assert run.code == 0
    assert "ExchangeRate" not in {one["entity"] for one in asked(books, before)}


def test_rates_of_the_last_days_are_asked_for_once(world, tap, books):
    today = world.as_of.isoformat()
    books.create(
        "ExchangeRate",
        {"SourceCurrencyCode": "EUR", "TargetCurrencyCode": "USD", "Rate": "1.1", "AsOfDate": today},
    )
    first = tap(only=["exchange_rate"])
    before = len(books.requests())
    second = tap(only=["exchange_rate"], state=first.state)

    assert f"EUR/USD/{today}" in first.ids("exchange_rate")
    assert f"EUR/USD/{today}" in second.ids("exchange_rate")
    assert [one["entity"] for one in asked(books, before)].count("ExchangeRate") == 1


def test_the_settings_about_lines_are_rows(tap):
    run = tap(only=["line_rule"], pass_through=["Freight", "SHIPPING_ITEM_ID"], write_off=["Bad debt"])

    assert {r["id"]: r["line_class"] for r in run.records("line_rule")} == {
        "Bad debt": "write_off",
        "Freight": "pass_through",
        "SHIPPING_ITEM_ID": "pass_through",
    }
    assert run.proof("line_rule")["source_count"] == 3


def test_an_item_in_two_classes_is_refused(tap):
    run = tap(pass_through=["Freight"], revenue=["Freight"])

    assert run.code == 2
    assert "Freight" in run.stopped["message"]


def test_check_says_company_currency_and_each_stream(books, tap, world):
    lines = tap("--check").lines

    assert [line["ok"] for line in lines] == [True] * len(lines)
    assert lines[0]["name"] == "login"
    assert world.company in lines[0]["message"]
    assert "home currency USD" in lines[1]["message"]
    assert "permission:Invoice" in {line["name"] for line in lines}


def test_count_asks_without_reading(books, tap):
    run = tap("--count", only=["invoice"])

    (line,) = run.lines
    assert (line["source_count"], line["count_column"]) == (len(books.records("Invoice")), "create_time")


def test_mapped_columns_come_from_custom_fields(tap):
    run = tap(only=["invoice"], document_fields={"opportunity": "PO Number", "po": "Opportunity"})
    usual = tap(only=["invoice"])

    swapped = {r["id"]: (r["po"], r["opportunity"]) for r in run.records("invoice")}
    assert swapped == {r["id"]: (r["opportunity"], r["po"]) for r in usual.records("invoice")}
    assert any(po or deal for po, deal in swapped.values())


def test_a_mapping_to_no_column_of_ours_is_refused(tap):
    run = tap(document_fields={"purchase_order": "PO Number"})

    assert run.code == 2
    assert "purchase_order" in run.stopped["message"]
