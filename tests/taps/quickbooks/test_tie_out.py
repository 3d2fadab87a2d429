"""What QuickBooks' own reports say of each month: in few calls, once a day, and only what the tie-out needs."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from closedloop.sandbox.quickbooks import Oddities, serve
from tap_quickbooks.reports import _months

HOME = {"Header": {"Currency": "USD"}}


def entry(books, day, *lines, **more):
    """Book a journal: (account type, Debit or Credit, amount)."""
    made = [
        {
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account(books, kind)}},
        }
        for kind, side, amount in lines
    ]
    return books.create("JournalEntry", {"TxnDate": day, "Line": made, **more})


def account(books, kind):
    return next(row["Id"] for row in books.records("Account") if row["AccountType"] == kind)


def amounts(run, report):
    return {
        record["end_date"]: sum(Decimal(line["amount"]) for line in record["accounts"])
        for record in run.records("ledger_month")
        if record["report"] == report
    }


def test_every_month_that_is_over_comes_in_one_batch_and_a_call_for_each_report(world, books, tap):
    run = tap(only=["ledger_month"])

    first = min(row["TxnDate"] for row in books.records("Invoice"))[:7]
    kinds = Counter(one["kind"] for one in books.requests())
    found = run.records("ledger_month")
    assert run.code == 0
    assert (kinds["batch"], kinds["reports"]) == (1, 2)
    assert next(record["id"][-7:] for record in found if record["report"] == "ProfitAndLoss") == first
    assert {record["end_date"] for record in found} > {"2024-02-29", "2026-09-30"}
    assert max(record["end_date"] for record in found) == "2026-09-30"  # October is not over
    assert {record["currency"] for record in found} == {"USD"}
    assert {line["group"] for record in found for line in record["accounts"]} == {"Income", "AR"}
    proof = run.proof("ledger_month")
    assert (proof["source_count"], proof["error"]) == (len(found), None)
    asked = [one["parameters"] for one in books.requests() if one["kind"] == "reports"]
    assert {one["accounting_method"] for one in asked} == {"Accrual"}


def test_income_is_the_documents_and_receivables_what_is_open_of_them(world, books, tap):
    run = tap(only=["ledger_month"])

    sign = {"invoice": 1, "sales_receipt": 1, "credit_note": -1, "refund": -1}
    expected = Counter()
    for document in world.documents:
        if document.status == "posted" and document.currency == world.home_currency:
            revenue = sum(line.net for line in document.lines if line.line_class == "revenue")
            expected[document.day.strftime("%Y-%m")] += sign[document.kind] * revenue
    foreign = {d.day.strftime("%Y-%m") for d in world.documents if d.currency != world.home_currency}
    income = {day[:7]: 100 * total for day, total in amounts(run, "ProfitAndLoss").items()}
    compared = [month for month in income if month not in foreign]
    assert len(compared) > 10
    assert [income[month] for month in compared] == [expected[month] for month in compared]


def test_the_day_s_second_run_asks_nothing_and_the_next_day_sees_a_closed_month_change(books, tap):
    first = tap(only=["ledger_month"])
    before = len(books.requests())
    again = tap(only=["ledger_month"], state=first.state)
    assert again.records("ledger_month") == []
    assert [one for one in books.requests(before) if one["kind"] in {"batch", "reports"}] == []
    assert again.proof("ledger_month")["source_count"] == len(first.records("ledger_month"))

    entry(books, "2025-03-31", ("Income", "Credit", "12.34"), ("Bank", "Debit", "12.34"))
    books.advance(86400)
    later = tap(only=["ledger_month"], state=again.state)
    changed = amounts(later, "ProfitAndLoss")["2025-03-31"] - amounts(first, "ProfitAndLoss")["2025-03-31"]
    assert changed == Decimal("12.34")
    assert len(later.records("ledger_month")) == len(first.records("ledger_month")) + 2  # October is over


def test_journals_and_deposits_come_by_change_like_every_transaction(books, tap):
    state = tap(only=["journal_entry", "deposit"]).state
    books.advance(3600)
    made = entry(books, "2026-10-30", ("Income", "Credit", "5"), ("Accounts Receivable", "Debit", "5"))
    books.advance(120)
    run = tap(only=["journal_entry", "deposit"], state=state)
    [record] = run.records("journal_entry")
    assert record["id"] == made
    assert [line["posting"] for line in record["line"]] == ["Credit", "Debit"]
    books.delete("JournalEntry", made)
    books.advance(120)
    [gone] = tap(only=["journal_entry", "deposit"], state=run.state).records("journal_entry")
    assert gone["id"] == made
    assert gone["_sdc_deleted_at"]


def test_who_may_not_see_reports_reads_all_else(world, tap, tmp_path):
    with serve(world, oddities=Oddities(shows_reports=False)) as books:
        settings = {**books.settings, "token_folder": str(tmp_path / "others")}
        run = tap(**settings)
        check = tap("--check", **settings)
    assert run.code == 0
    for stream in ("ledger_month", "journal_entry"):
        assert "may not see it" in run.proof(stream)["skipped"]
        assert run.records(stream) == []
    assert len(run.records("invoice")) > 10
    [told] = [line for line in check.lines if line.get("name") == "permission:reports"]
    assert (check.code, told["ok"], told["required"]) == (0, False, False)
    assert "administrator" in told["fix"]


def test_a_right_to_journals_that_is_withdrawn_costs_nothing_else(books, tap):
    streams = ["invoice", "journal_entry"]
    state = tap(only=streams).state
    books.advance(3600)
    changed = books.records("Invoice")[0]["Id"]
    books.edit("Invoice", changed, {"PrivateNote": "seen"})
    held = books._service.books  # noqa: SLF001 (no person can do this)
    held.oddities = replace(held.oddities, shows_reports=False)
    books.advance(120)

    run = tap(only=streams, state=state)

    assert (run.code, run.ids("invoice")) == (0, [changed])
    assert "may not see it" in run.proof("journal_entry")["skipped"]


def column(first, last):
    meta = [{"Name": "StartDate", "Value": first}, {"Name": "EndDate", "Value": last}]
    return {"ColTitle": "x", "ColType": "Money", "MetaData": meta}


def cells(name, *values, key=None):
    return {
        "ColData": [{"value": name, **({"id": key} if key else {})}, *({"value": value} for value in values)]
    }


def report(*rows, total="1,130.50"):
    income = {
        "Header": cells("Income", "", ""),
        "Rows": {"Row": list(rows)},
        "Summary": cells("Total Income", total, total),
        "type": "Section",
        "group": "Income",
    }
    costs = {"Rows": {"Row": [cells("Wages", "9", "9", key="9")]}, "type": "Section", "group": "Expenses"}
    columns = [{"ColType": "Account"}, column("2026-01-01", "2026-01-31"), {"ColType": "Money"}]
    return {**HOME, "Columns": {"Column": columns}, "Rows": {"Row": [income, costs]}}


def test_an_account_above_others_shows_its_own_amount_in_its_header():
    below = {
        "Header": cells("Services", "100.00", "100.00", key="5"),
        "Rows": {"Row": [cells("Training", "30.50", "30.50", key="6")]},
        "Summary": cells("Total Services", "130.50", "130.50"),
        "type": "Section",
    }
    [month] = _months("ProfitAndLoss", report(cells("Sales", "1000.00", "1000.00", key="4"), below))
    assert [(line["id"], line["amount"]) for line in month.accounts] == [
        ("4", "1000.00"), ("5", "100.00"), ("6", "30.50"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [report(cells("Sales", "1000.00", "1000.00", key="4")), {"Header": {}}, []])
def test_a_report_that_is_not_understood_books_nothing_and_stops_nothing(books, tap, monkeypatch, body):
    monkeypatch.setattr("tap_quickbooks.client.QuickBooks.report", lambda *_, **__: body)
    run = tap(only=["ledger_month"])
    assert (run.code, run.records("ledger_month")) == (0, [])
    assert "not understood" in run.proof("ledger_month")["skipped"]
    assert run.state["bookmarks"]["ledger_month"] == {}  # the next run tries again


def test_a_month_that_the_report_leaves_out_is_told(books, tap, monkeypatch):
    body = {**HOME, "Columns": {"Column": [column("2026-01-01", "2026-01-31")]}, "Rows": {}}
    monkeypatch.setattr("tap_quickbooks.client.QuickBooks.report", lambda *_, **__: body)
    assert "incomplete" in tap(only=["ledger_month"]).proof("ledger_month")["skipped"]
