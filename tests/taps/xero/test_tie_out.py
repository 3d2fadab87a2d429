"""What Xero's own reports say of each month: a year in a call, once a day, and only what the tie-out needs."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from closedloop.sandbox import xero
from closedloop.sandbox.world import generate
from closedloop.sandbox.xero.books import guid
from closedloop.sandbox.xero.identity import CLIENT_ID, CLIENT_SECRET
from tap_xero.reports import _months

WORLD = generate(5, 0.05)
MONTHS = ("ledger_month",)


@pytest.fixture
def read(tap):
    def run(served, *args, **more):
        own = {"url": served.url, "identity_url": served.url, "tenant_id": None}
        return tap(*args, **own | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | more)

    return run


@pytest.fixture
def served():
    with xero.serve(WORLD, options=xero.Options(minute_limit=10_000)) as simulator:
        yield simulator


def amounts(run, report):
    return {
        record["end_date"]: sum(Decimal(line["amount"]) for line in record["accounts"])
        for record in run.records("ledger_month")
        if record["report"] == report
    }


def journal(day, amount):
    """A manual journal: income up by ``amount``."""
    lines = [
        {"LineAmount": -Decimal(amount), "AccountID": guid("account:revenue"), "AccountCode": "200", "TaxAmount": Decimal(0)},
        {"LineAmount": Decimal(amount), "AccountID": guid("account:cost"), "AccountCode": "420", "TaxAmount": Decimal(0)},
    ]  # fmt: skip
    head = {
        "ManualJournalID": guid(f"journal:{day}"),
        "Narration": "Accrual",
        "Status": "POSTED",
        "Date": day,
    }
    return {**head, "LineAmountTypes": "NoTax", "JournalLines": lines}


@pytest.mark.parametrize("titles", ["day", "month"])
def test_every_month_that_is_over_comes_a_year_in_a_call(read, titles):
    with xero.serve(WORLD, options=xero.Options(minute_limit=10_000, month_titles=titles)) as served:
        run = read(served, select=MONTHS)
        log = served.requests()

    found = run.records("ledger_month")
    first = min(row["Date"] for row in served.records("Invoices") if row["Type"] == "ACCREC")
    years = 2026 - first.year + 1
    calls = Counter((one["stream"], one["id"]) for one in log)
    assert run.code == 0
    assert calls["Reports", "ProfitAndLoss"] == calls["Reports", "BalanceSheet"] == years
    assert calls.total() <= 2 * years + 2  # the oldest invoice, and the chart of accounts
    assert {one["query"]["toDate"][-5:] for one in log if one["id"] == "ProfitAndLoss"} == {"12-31"}
    assert {record["end_date"] for record in found} > {"2024-02-29", "2026-01-31", "2026-09-30"}
    assert max(record["end_date"] for record in found) == "2026-09-30"  # October is not over
    assert {line["group"] for record in found for line in record["accounts"]} == {"income", "receivable"}
    assert run.proof("ledger_month")["source_count"] == len(found)


def test_income_is_the_documents_of_the_month(served, read):
    run = read(served, select=MONTHS)

    sign = {"invoice": 1, "sales_receipt": 1, "credit_note": -1, "refund": -1}
    expected = Counter()
    for document in WORLD.documents:
        if document.status == "posted" and document.currency == WORLD.home_currency:
            revenue = sum(line.net for line in document.lines if line.line_class == "revenue")
            expected[document.day.strftime("%Y-%m")] += sign[document.kind] * revenue
    foreign = {d.day.strftime("%Y-%m") for d in WORLD.documents if d.currency != WORLD.home_currency}
    income = {day[:7]: 100 * total for day, total in amounts(run, "ProfitAndLoss").items()}
    compared = [month for month in income if month not in foreign]
    assert len(compared) > 10
    assert [income[month] for month in compared] == [expected[month] for month in compared]


def test_the_day_s_second_run_asks_nothing_and_the_next_day_sees_a_closed_month_change(served, read):
    first = read(served, select=MONTHS)
    before = len(served.requests())
    again = read(served, select=MONTHS, state=first.state)
    assert (again.records("ledger_month"), len(served.requests())) == ([], before)

    served.create("ManualJournals", journal(date(2025, 3, 31), "12.34"))
    served.advance(86400)
    later = read(served, select=MONTHS, state=again.state)
    changed = amounts(later, "ProfitAndLoss")["2025-03-31"] - amounts(first, "ProfitAndLoss")["2025-03-31"]
    assert changed == Decimal("12.34")


def test_a_consent_without_reports_journals_and_bank_reads_all_else(read):
    scopes = {
        one
        for one in xero.options.SCOPES
        if not one.startswith(("accounting.rep", "accounting.man", "accounting.bank"))
    }
    with xero.serve(WORLD, options=xero.Options(minute_limit=10_000, scopes=frozenset(scopes))) as served:
        run, check = read(served), read(served, "--check")
    assert run.code == 0
    for stream, scope in (
        ("ledger_month", "profitandloss"),
        ("manual_journals", "manualjournals"),
        ("bank_transactions", "banktransactions"),
    ):
        assert f"{scope}.read" in run.proof(stream)["skipped"]
    assert len(run.records("invoices")) > 10
    told = {line["name"]: line for line in check.lines if line.get("name", "").startswith("permission:")}
    assert check.code == 0
    for name in ("ProfitAndLoss", "BalanceSheet", "ManualJournals", "BankTransactions"):
        assert (told[f"permission:{name}"]["ok"], told[f"permission:{name}"]["required"]) == (False, False)


def row(kind, *values, key=None):
    cells = [{"Value": value} for value in values]
    if key:
        cells[0]["Attributes"] = [{"Id": "account", "Value": key}]
    return {"RowType": kind, "Cells": cells}


def body(*rows, title="31 Dec 26"):
    return {
        "Rows": [
            row("Header", "", title),
            {"RowType": "Section", "Title": "Trading Income", "Rows": list(rows)},
        ]
    }


def test_the_chart_of_accounts_says_which_rows_count_and_not_the_titles():
    rows = (
        row("Row", "Sales", "1,200.50", key="s"),
        row("Row", "Refunded", "(200.50)", key="r"),
        row("Row", "Hire", "7", key="h"),
    )
    [month] = _months(
        "ProfitAndLoss", body(*rows, row("SummaryRow", "Total", "1007.00")), {"s": "income", "r": "income"}
    )
    assert [(line["name"], line["amount"]) for line in month.accounts] == [
        ("Sales", "1200.50"),
        ("Refunded", "-200.50"),
    ]
    assert (month.start, month.end) == (date(2026, 12, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    "given",
    [body(row("Row", "Sales", "5", key="s"), row("SummaryRow", "Total", "6")), body(title="Total"), {}],
)
def test_a_report_that_is_not_understood_books_nothing_and_stops_nothing(served, read, monkeypatch, given):
    monkeypatch.setattr(
        "tap_xero.reports.MonthStream._accounts",
        lambda _: {"ProfitAndLoss": {"s": "income"}, "BalanceSheet": {}},
    )
    monkeypatch.setattr("closedloop.sandbox.xero.engine.report", lambda *_: given)
    run = read(served, select=MONTHS)
    assert (run.code, run.records("ledger_month")) == (0, [])
    assert "not understood" in run.proof("ledger_month")["skipped"]
