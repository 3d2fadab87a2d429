"""What Xero booked on income and receivables, by what it was booked for."""

from decimal import Decimal

ACCOUNTS = [
    {"account_id": "s", "code": "200", "class": "REVENUE"},
    {"account_id": "e", "code": "420", "class": "EXPENSE"},
]
HOME = [{"organisation_id": "o", "base_currency": "NZD"}]


def totals(stage, **streams):
    rows = stage("ledger_total", accounts=ACCOUNTS, organisation=HOME, **streams)
    return {
        (str(row["date"]), row["side"], row["origin"]): (row["amount"], row["home_currency"]) for row in rows
    }


def month(report, start, end, *amounts):
    accounts = [{"id": "s", "group": "income", "amount": amount} for amount in amounts]
    return {
        "id": f"{report}/{start[:7]}",
        "report": report,
        "start_date": start,
        "end_date": end,
        "accounts": accounts,
    }


def test_income_is_the_month_s_and_receivables_what_moved_them(stage):
    found = totals(
        stage,
        ledger_month=[
            month("ProfitAndLoss", "2026-01-01", "2026-01-31", "100.00", "20.5"),
            month("ProfitAndLoss", "2026-02-01", "2026-02-28"),
            month("BalanceSheet", "2026-01-01", "2026-01-31", "500"),
            month("BalanceSheet", "2026-02-01", "2026-02-28", "430"),
        ],
    )
    assert found == {
        ("2026-01-31", "income", "total"): (Decimal("120.5"), "NZD"),
        ("2026-02-28", "income", "total"): (Decimal(0), "NZD"),
        ("2026-01-31", "receivable", "total"): (Decimal(500), "NZD"),
        ("2026-02-28", "receivable", "total"): (Decimal(-70), "NZD"),
    }


def test_a_prepayment_is_off_receivables_until_it_is_allocated(stage):
    kept = {"type": "RECEIVE-PREPAYMENT", "status": "PAID", "currency_code": "USD", "currency_rate": "0.5"}
    parts = [
        {"AllocationID": "x", "Amount": "20", "Date": "2026-02-03"},
        {"AllocationID": "y", "Amount": "5", "Date": "2026-02-04", "IsDeleted": True},
    ]
    found = totals(
        stage,
        prepayments=[
            {"prepayment_id": "p", "date": "2026-01-05", "total": "30", "allocations": parts, **kept},
            {"prepayment_id": "v", "date": "2026-01-06", "total": "30", **kept, "status": "VOIDED"},
            {"prepayment_id": "s", "date": "2026-01-07", "total": "30", **kept, "type": "SPEND-PREPAYMENT"},
        ],
    )
    assert found == {
        ("2026-01-05", "receivable", "payment"): (Decimal(60), "NZD"),
        ("2026-02-03", "receivable", "payment"): (Decimal(-40), "NZD"),
    }


def test_journals_and_bank_transactions_on_income_are_named(stage):
    def line(amount, account="s", **more):
        return {"LineAmount": amount, "AccountID": account, **more}

    found = totals(
        stage,
        manual_journals=[
            {"manual_journal_id": "j1", "date": "2026-01-05", "status": "POSTED", "line_amount_types": "Inclusive",
             "journal_lines": [line("-11.50", TaxAmount="-1.50"), line("11.50", "e")]},
            {"manual_journal_id": "j2", "date": "2026-01-06", "status": "VOIDED", "journal_lines": [line("-9")]},
        ],
        bank_transactions=[
            {"bank_transaction_id": "b1", "type": "RECEIVE", "date": "2026-01-07", "status": "AUTHORISED",
             "currency_code": "USD", "currency_rate": "0.5",
             "line_items": [{"LineAmount": "50", "AccountCode": "200"}, line("3", "e")]},
            {"bank_transaction_id": "b2", "type": "SPEND", "date": "2026-01-08", "status": "AUTHORISED",
             "line_items": [line("6")]},
            {"bank_transaction_id": "b3", "type": "RECEIVE-OVERPAYMENT", "date": "2026-01-09", "status": "AUTHORISED",
             "line_items": [line("6")]},
            {"bank_transaction_id": "b4", "type": "RECEIVE", "date": "2026-01-10", "status": "DELETED",
             "line_items": [line("6")]},
        ],
    )  # fmt: skip
    assert found == {
        ("2026-01-05", "income", "journal"): (Decimal(10), "NZD"),
        ("2026-01-07", "income", "bank"): (Decimal(100), "NZD"),
        ("2026-01-08", "income", "bank"): (Decimal(-6), "NZD"),
    }
