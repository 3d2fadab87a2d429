"""The monthly tie-out: documents beside the ledger's own income and receivable accounts, worked by hand."""

from datetime import date

import pytest
from tests.models import kit

DOCUMENTS = (
    "document_key varchar, source varchar, kind varchar, sign integer, date date, value bigint, gross bigint,"
    " home_gross bigint, state varchar, currency varchar"
)
LINE = "document_key varchar"
LEFT = "source varchar, month date, amount bigint, foreign_amount bigint"
ALLOCATED = "document_key varchar, payment_key varchar, other_document_key varchar, amount bigint, date date"
SETTLED = "document_key varchar, date date, amount bigint, settled_to bigint"
TOTALS = "source varchar, date date, side varchar, origin varchar, home_currency varchar, amount bigint"
RUN = {"param.run": ("as_of date, home_currency varchar", [(date(2026, 3, 15), "USD")])}
MARCH = date(2026, 3, 1)


def tie_out(documents, totals, *, settled=(), lines=(), left=(), allocated=(), run=RUN):
    documents = [one if len(one) > 9 else (*one, "USD") for one in documents]
    settlements = [one if len(one) > 3 else (*one, one[2]) for one in settled]
    return {
        (row["source"], row["month"]): row
        for row in kit.evaluate(
            "tie_out",
            {
                "document_figure": (DOCUMENTS, documents),
                "settled_day": (SETTLED, settlements),
                "ledger_total": (TOTALS, totals),
                "line": (LINE, list(lines)),
                "payment_left": (LEFT, list(left)),
                "allocation": (ALLOCATED, list(allocated)),
            },
            params=run,
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
        documents, [("books", day, side, origin, "USD", n) for day, side, origin, n in usd], settled=settled
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


# A ledger that tells the totals of whole months only: QuickBooks, Xero


def month_totals(*months, currency="USD"):
    """(last day, income, movement of receivables) of each month."""
    return [
        ("books", day, side, "total", currency, amount)
        for day, *amounts in months
        for side, amount in zip(("income", "receivable"), amounts, strict=True)
    ]


APRIL = {"param.run": ("as_of date, home_currency varchar", [(date(2026, 4, 15), "USD")])}
FEBRUARY, LAST_OF_FEBRUARY, LAST_OF_MARCH = date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 31)
NET, GROSS = 100000, 119000
SOLD = ("i1", "books", "invoice", 1, date(2026, 2, 10), NET, GROSS, GROSS, "counted")


def test_a_month_total_less_its_journals_and_bank_sales_is_what_was_booked_for_documents():
    named = [
        ("books", date(2026, 2, 27), "income", "journal", "USD", 2000),
        ("books", date(2026, 3, 6), "income", "bank", "USD", 700),
        ("books", date(2026, 3, 9), "receivable", "journal", "USD", -500),
    ]
    totals = month_totals((LAST_OF_FEBRUARY, NET + 2000, GROSS), (LAST_OF_MARCH, 700, -GROSS - 3000 - 500))
    found = tie_out(
        [SOLD], totals + named, settled=[("i1", MARCH, GROSS)], left=[("books", MARCH, 3000, 0)], run=APRIL
    )
    first, second = found["books", FEBRUARY], found["books", MARCH]
    assert pick(first, "ledger_income", "income_difference", "income_journals", "income_documents") == (
        102000, 2000, 2000, 0,
    )  # fmt: skip
    assert pick(first, "receivable_difference", "state") == (0, "explained")
    assert pick(second, "income_bank", "income_documents", "documents_open", "ledger_receivable") == (
        700, 0, 0, -3500,
    )  # fmt: skip
    assert pick(second, "receivable_payments", "receivable_journals", "receivable_documents") == (
        -3000,
        -500,
        0,
    )
    assert pick(second, "receivable_exchange", "receivable_other", "state") == (0, 0, "explained")


def test_what_the_total_has_beyond_all_names_is_a_document_that_we_lack():
    found = tie_out([SOLD], month_totals((LAST_OF_FEBRUARY, NET + 100, GROSS + 119)), run=APRIL)
    row = found["books", FEBRUARY]
    assert pick(row, "income_documents", "receivable_documents", "income_other", "receivable_other", "state") == (
        100, 119, 0, 0, "differs",
    )  # fmt: skip


def test_a_journal_that_settles_an_invoice_takes_nothing_from_the_documents():
    """The invoice was settled by a journal in February; the link between the two is dated March."""
    totals = month_totals((LAST_OF_FEBRUARY, NET, 0), (LAST_OF_MARCH, 0, 0))
    totals += [("books", LAST_OF_FEBRUARY, "receivable", "journal", "USD", -GROSS)]
    linked = [("i1", None, None, GROSS, date(2026, 3, 5))]
    found = tie_out([SOLD], totals, settled=[("i1", date(2026, 3, 5), GROSS)], allocated=linked, run=APRIL)
    first, second = found["books", FEBRUARY], found["books", MARCH]
    assert pick(first, "receivable_journals", "receivable_documents", "state") == (-GROSS, 0, "explained")
    assert pick(second, "receivable_journals", "receivable_payments", "receivable_documents") == (
        -GROSS,
        GROSS,
        0,
    )


def test_money_that_the_ledger_keeps_off_receivables_is_not_missed_there():
    """A prepayment of 30.00 settles nothing yet, and stands on an account of its own: receivables are the documents."""
    totals = month_totals((LAST_OF_FEBRUARY, NET, GROSS))
    totals += [("books", LAST_OF_FEBRUARY, "receivable", "payment", "USD", 3000)]
    found = tie_out([SOLD], totals, left=[("books", FEBRUARY, 3000, 0)], run=APRIL)
    row = found["books", FEBRUARY]
    assert pick(row, "receivable_payments", "receivable_documents", "state") == (0, 0, "equal")


def test_converted_lines_may_round_by_a_cent_each_and_no_more():
    euro = (*SOLD, "EUR")
    lines = [("i1",), ("i1",)]
    for over, expected in ((2, (2, 0, "explained")), (-2, (-2, 0, "explained")), (3, (0, 3, "differs"))):
        found = tie_out([euro], month_totals((LAST_OF_FEBRUARY, NET + over, GROSS)), lines=lines, run=APRIL)
        assert pick(found["books", FEBRUARY], "income_exchange", "income_documents", "state") == expected
    home = tie_out([SOLD], month_totals((LAST_OF_FEBRUARY, NET + 1, GROSS)), lines=lines, run=APRIL)
    assert home["books", FEBRUARY]["state"] == "differs"


def test_foreign_receivables_may_be_valued_anew_by_a_quarter_of_what_is_open():
    euro, quarter = (*SOLD, "EUR"), GROSS // 4
    for over, expected in (
        (quarter, (quarter, 0)),
        (-quarter, (-quarter, 0)),
        (quarter + 1, (0, quarter + 1)),
    ):
        found = tie_out([euro], month_totals((LAST_OF_FEBRUARY, NET, GROSS + over)), run=APRIL)
        assert pick(found["books", FEBRUARY], "receivable_exchange", "receivable_documents") == expected
    paid = tie_out(
        [euro], month_totals((LAST_OF_FEBRUARY, NET, 1)), settled=[("i1", LAST_OF_FEBRUARY, GROSS)], run=APRIL
    )
    assert paid["books", FEBRUARY]["receivable_documents"] == 1


def test_a_month_that_is_not_over_is_not_compared_and_one_that_was_not_read_says_so():
    late = ("i2", "books", "invoice", 1, date(2026, 4, 2), 500, 500, 500, "counted")
    totals = month_totals((LAST_OF_FEBRUARY, NET, GROSS), (date(2026, 4, 30), 500, 500))
    found = tie_out([SOLD, ("i3", *late[1:4], MARCH, *late[5:]), late], totals, run=APRIL)
    states = {month.month: pick(row, "state", "ledger_income") for (_, month), row in found.items()}
    assert states == {2: ("equal", NET), 3: ("not_read", None), 4: ("running", None)}


def test_what_is_paid_in_parts_is_open_to_the_rounded_rest_and_ends_at_nothing():
    """100.00 EUR are 100.01 USD; a third is paid: of 66.67 EUR 66.6767 are 66.68 USD, then of 33.34 EUR 33.3433 are 33.34."""
    sold = ("i1", "books", "invoice", 1, date(2026, 2, 10), 10001, 10000, 10001, "counted", "EUR")
    paid = [
        ("i1", date(2026, 2, 20), 3333, 3333),
        ("i1", date(2026, 3, 20), 3333, 6666),
        ("i1", date(2026, 4, 20), 3334, 10000),
    ]
    run = {"param.run": ("as_of date, home_currency varchar", [(date(2026, 5, 15), "USD")])}
    found = tie_out([sold], [], settled=paid, run=run)
    assert {month.month: row["documents_open"] for (_, month), row in found.items()} == {
        2: 6668,
        3: 3334,
        4: 0,
    }
