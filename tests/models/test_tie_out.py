"""The monthly tie-out: documents beside the ledger's own income and receivable accounts, worked by hand."""

from datetime import date

import pytest
from tests.models import kit

DOCUMENTS = (
    "document_key varchar, source varchar, kind varchar, sign integer, date date, value bigint, gross bigint,"
    " home_gross bigint, state varchar"
)
SETTLED = "document_key varchar, date date, settled_to bigint"
TOTALS = "source varchar, date date, side varchar, origin varchar, home_currency varchar, amount bigint"
RUN = {"param.run": ("as_of date, home_currency varchar", [(date(2026, 3, 15), "USD")])}
MARCH = date(2026, 3, 1)


def tie_out(documents, totals, settled=()):
    return {
        (row["source"], row["month"]): row
        for row in kit.evaluate(
            "tie_out",
            {
                "document_figure": (DOCUMENTS, documents),
                "settled_day": (SETTLED, list(settled)),
                "ledger_total": (TOTALS, totals),
            },
            params=RUN,
        )
    }


@pytest.fixture
def rows():
    """Invoice i1 of 1,000.00 with 190.00 tax, half paid in March; receipt r1 of 50.00; note n1 of 100.00 in March, unused.

    The ledger has beside: a journal of 20.00 to income in February, a bank sale of 7.00 in March, a payment of 30.00 that
    settles nothing, and an exchange gain of 1.00 booked with the half payment.
    """
    documents = [
        ("i1", "books", "invoice", 1, date(2026, 2, 10), 100000, 119000, 119000, "counted"),
        ("r1", "books", "sales_receipt", 1, date(2026, 2, 28), 5000, 5000, 5000, "counted"),
        ("n1", "books", "credit_note", -1, date(2026, 3, 2), -10000, 11900, 11900, "counted"),
        ("x1", "books", "invoice", 1, date(2026, 3, 3), None, 999, None, "not_convertible"),
        ("q1", "other", "invoice", 1, date(2026, 3, 3), 700, 700, 700, "counted"),
    ]
    settled = [("r1", date(2026, 2, 28), 5000), ("i1", date(2026, 3, 5), 59500)]
    usd = [
        (date(2026, 2, 10), "income", "document", 100000),
        (date(2026, 2, 10), "receivable", "document", 119000),
        (date(2026, 2, 28), "income", "document", 5000),
        (date(2026, 2, 28), "receivable", "document", 5000),
        (date(2026, 2, 28), "receivable", "payment", -5000),
        (date(2026, 2, 28), "income", "journal", 2000),
        (date(2026, 3, 2), "income", "document", -10000),
        (date(2026, 3, 2), "receivable", "document", -11900),
        (date(2026, 3, 5), "receivable", "payment", -59600),
        (date(2026, 3, 5), "receivable", "exchange", 100),
        (date(2026, 3, 5), "income", "exchange", 100),
        (date(2026, 3, 6), "receivable", "payment", -3000),
        (date(2026, 3, 7), "income", "bank", 700),
        (date(2026, 3, 16), "income", "journal", 99999),  # after the as-of day
    ]
    return tie_out(
        documents, [("books", day, side, origin, "USD", n) for day, side, origin, n in usd], settled
    )


def pick(row, *names):
    return tuple(row[name] for name in names)


def test_february_ties_but_for_a_journal(rows):
    row = rows["books", date(2026, 2, 1)]
    assert pick(row, "documents_income", "invoices", "sales_receipts", "ledger_income") == (
        105000, 100000, 5000, 107000,
    )  # fmt: skip
    assert pick(row, "income_difference", "income_journals", "income_documents", "income_other") == (
        2000, 2000, 0, 0,
    )  # fmt: skip
    assert pick(row, "documents_open", "ledger_receivable", "receivable_difference", "state") == (
        119000, 119000, 0, "explained",
    )  # fmt: skip


def test_march_names_the_bank_sale_the_exchange_and_the_payment_that_settles_nothing(rows):
    row = rows["books", MARCH]
    assert pick(row, "documents_income", "credit_notes", "ledger_income", "income_difference") == (
        -10000, -10000, -9200, 800,
    )  # fmt: skip
    assert pick(row, "income_bank", "income_exchange", "income_journals", "income_other") == (700, 100, 0, 0)
    # Open: 1,190.00 less 595.00 less 119.00. The ledger has 30.00 less, and 1.00 that came at another rate and went again.
    assert pick(row, "documents_open", "ledger_receivable", "receivable_difference") == (47600, 44600, -3000)
    assert pick(row, "receivable_payments", "receivable_exchange", "receivable_other") == (-3100, 100, 0)
    assert row["state"] == "explained"


def test_a_ledger_whose_own_accounts_are_not_read_says_so_and_shows_no_zero(rows):
    row = rows["other", MARCH]
    assert pick(row, "documents_income", "documents_open", "state") == (700, 700, "not_read")
    assert {row[name] for name in row if name.startswith(("ledger_", "income_", "receivable_"))} == {None}


def test_a_document_that_the_ledger_books_elsewhere_is_no_named_entry():
    invoice = ("i1", "books", "invoice", 1, date(2026, 2, 27), 500, 500, 500, "counted")
    booked = [("books", date(2026, 3, 1), side, "document", "USD", 500) for side in ("income", "receivable")]
    found = tie_out([invoice], booked)
    assert [row["state"] for _, row in sorted(found.items())] == ["differs", "differs"]
    assert [row["income_documents"] for _, row in sorted(found.items())] == [-500, 500]
    assert found["books", MARCH]["receivable_difference"] == 0


def test_another_home_currency_is_not_compared():
    invoice = ("i1", "books", "invoice", 1, MARCH, 500, 500, 500, "counted")
    [row] = tie_out([invoice], [("books", MARCH, "income", "document", "EUR", 450)]).values()
    assert pick(row, "state", "documents_income", "ledger_income") == ("other_currency", 500, None)
