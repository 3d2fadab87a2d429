"""Definitions 1 to 5 by hand, on the books of `examples`."""

from datetime import date

import pytest
from tests.models.examples import Example


def document(of, key, column, expected):
    sql = f"select {column} from marts.document_value where document_key = '{key}'"
    return Example(of=of, sql=sql, expected=(expected,))


def account(of, key, column, expected):
    sql = f"select {column} from marts.account_measures where account_key = '{key}'"
    return Example(of=of, sql=sql, expected=(expected,))


EXAMPLES = (
    # 1: sgn(x) · ⌊(2·|x|·n + m) / (2·m)⌋ with n/m = 115/100: 30 · 1.15 = 34.5, the half goes away from zero.
    document("1 multiplied by its rate", "m1", "value", 35),
    document("1 the same for a refund, away from zero", "m3", "value", -35),
    # 10.00 ÷ 0.85 = 11.7647.
    document("1 divided by its rate", "m2", "value", 1176),
    # The ledger's home is EUR: 0.02 EUR at the declared 1.25 of seven days before = 2.5 cents; eight days are too many.
    document("1 by the declared table, seven days old", "m4", "value", 3),
    document("1 eight days old is no rate", "m5", "state", "not_convertible"),
    document("1 its value is unknown, not zero", "m5", "value", None),
    Example(
        of="1 left out with a reason",
        sql="select document_key from marts.document_left_out",
        expected=("m5",),
    ),
    account("1 its account is marked", "a-mon", "not_convertible", 1),
    # 2: of 100.00 only the revenue line of 60.00 counts; a draft does not; a refund takes away.
    document("2 revenue lines net of tax", "m6", "value", 6000),
    Example(
        of="2 posted only",
        sql="select count(*) from marts.document_value where document_key = 'm7'",
        expected=(0,),
    ),
    # 3: 35 + 1176 - 35 + 3 + 6000.
    account("3 invoiced", "a-mon", "invoiced", 7179),
    account("3 first document", "a-mon", "first_document_date", date(2026, 2, 1)),
    # 4: 10001 · 3600 / 10800 = 3333.67 → 3334; 7200 → 6667.33 → 6667; 10800 → 10001.
    document("4 collected on the cumulative amount", "m8", "collected", 10001),
    # The same of 100.00 over two events, by halves: 3333 → 1667 and 1666, 6667 → 3334 and 3333, 10000 → 5000 and 5000.
    Example(
        of="4 one settlement's share is the difference of two cumulatives",
        sql="select collected from marts.collected_share where campaign_key = 'k1' order by date",
        expected=(1667, 1667, 1666),
    ),
    document("4 a write-off counts nothing in invoiced", "m10", "value", 0),
    document("4 and its net in collected", "m10", "collected", -5000),
    document("4 the invoice that it settled", "m9", "collected", 5000),
    document("4 a refund settles itself", "m3", "collected", -35),
    # 20.00 of 50.00 came in; the 30.00 of July come after the last day.
    document("4 what settles later", "m11", "collected", 2000),
    # 5.00 of 7.56: 700 · 500 / 756 = 462.96.
    document("4 collected is rounded", "m12", "collected", 463),
    # m8 10001, m9 5000, m10 -5000, m11 2000, m12 463.
    account("4 collected of an account", "a-col", "collected", 12464),
    account("4 written off", "a-col", "written_off", -5000),
    # 90.00 received, 20.00 of it used by the last day.
    account("4 unallocated", "a-col", "unallocated", 7000),
    # 100.00 EUR were 110.00 when billed, and 125.00 when they came (the table's rate of the day before).
    document("4 the rate of the payment does not enter", "m14", "collected", 11000),
    account("4 fx difference", "a-fx", "fx_difference", 1500),
    # Gross less settled is what the ledger says is open: 24.50 less nothing, for all documents no check may fail.
    Example(of="4 the ledger's own balance", sql="select * from checks.ledger_balance", expected=()),
    # 5: 10001 + 5000 + 5000 + 7.00 of the second customer; the stranger's 12.34 belong to nobody.
    account("5 customers of an account", "a-col", "customers", 2),
    account("5 all of them count", "a-col", "invoiced", 10001 + 5000 + 5000 + 700),
    Example(
        of="5 unlinked customers with their money",
        sql="select customer_key, invoiced from marts.unlinked_customer",
        expected=(("c-none", 1234),),
    ),
    Example(of="5 unlinked", sql="select value from marts.totals where name = 'unlinked'", expected=(1234,)),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.of)
def test_money(books, example):
    assert example.found(books) == example.expected
