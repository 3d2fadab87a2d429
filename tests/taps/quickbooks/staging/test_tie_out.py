"""What QuickBooks booked on income and receivables, by what it was booked for."""

from decimal import Decimal

from tests.taps.quickbooks.staging.landed import staged

ACCOUNTS = [
    {"id": "1", "account_type": "Income"},
    {"id": "2", "account_type": "Accounts Receivable"},
    {"id": "3", "account_type": "Bank"},
    {"id": "4", "account_type": "Other Income"},
]


def totals(**streams):
    rows = staged(
        "ledger_total", account=ACCOUNTS, preferences=[{"id": "1", "home_currency": "USD"}], **streams
    )
    return {
        (str(row["date"]), row["side"], row["origin"]): (row["amount"], row["home_currency"]) for row in rows
    }


def month(report, start, end, *amounts):
    accounts = [{"id": "1", "group": "Income", "amount": amount} for amount in amounts]
    return {
        "id": f"{report}/{start[:7]}", "report": report, "start_date": start, "end_date": end, "accounts": accounts,
        "currency": "USD",
    }  # fmt: skip


def test_income_is_the_month_s_and_receivables_what_moved_them():
    found = totals(
        ledger_month=[
            month("ProfitAndLoss", "2026-01-01", "2026-01-31", "100.00", "20.5"),
            month("ProfitAndLoss", "2026-02-01", "2026-02-28"),
            month("BalanceSheet", "2026-01-01", "2026-01-31", "500"),
            month("BalanceSheet", "2026-02-01", "2026-02-28", "430"),
        ]
    )
    assert found == {
        ("2026-01-31", "income", "total"): (Decimal("120.5"), "USD"),
        ("2026-02-28", "income", "total"): (Decimal(0), "USD"),
        ("2026-01-31", "receivable", "total"): (Decimal(500), "USD"),
        ("2026-02-28", "receivable", "total"): (Decimal(-70), "USD"),
    }


def line(account, amount, posting=None):
    return {"account_id": account, "amount": amount, "posting": posting}


def test_journals_deposits_and_expenses_are_named_and_converted_by_their_own_rate():
    found = totals(
        journal_entry=[
            {"id": "7", "txn_date": "2026-01-05", "currency": "EUR", "exchange_rate": "1.25",
             "line": [line("1", "10", "Credit"), line("4", "2", "Debit"), line("2", "8", "Credit"), line("3", "16", "Debit")]},
            {"id": "8", "txn_date": "2026-01-06", "line": [line("1", "9", "Debit")], "_deleted_at": "2026-02-01"},
        ],
        deposit=[{"id": "9", "txn_date": "2026-01-07", "line": [line("1", "50"), line("2", "3"), line(None, "70")]}],
        purchase=[
            {"id": "10", "txn_date": "2026-01-08", "line": [line("1", "6"), line("2", "99")]},
            {"id": "11", "txn_date": "2026-01-09", "credit": True, "line": [line("1", "1")]},
        ],
    )  # fmt: skip
    assert found == {
        ("2026-01-05", "income", "journal"): (Decimal(10), "USD"),
        ("2026-01-05", "receivable", "journal"): (Decimal(-10), "USD"),
        ("2026-01-07", "income", "bank"): (Decimal(50), "USD"),
        ("2026-01-07", "receivable", "bank"): (Decimal(-3), "USD"),
        ("2026-01-08", "income", "bank"): (Decimal(-6), "USD"),
        ("2026-01-09", "income", "bank"): (Decimal(1), "USD"),
    }
