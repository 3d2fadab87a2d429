"""Money that settles no document, month by month, worked by hand."""

from datetime import date

from tests.models import kit

TABLES = {
    "ledger_total": ("source varchar, origin varchar", [("books", "total"), ("other", "document")]),
    "payment": (
        "key varchar, source varchar, date date, currency varchar, amount bigint, direction varchar, status varchar",
        [
            ("p1", "books", date(2026, 1, 20), "USD", 10000, "in", "posted"),
            ("p2", "books", date(2026, 2, 3), "EUR", 5000, "in", "posted"),
            ("p3", "books", date(2026, 2, 4), "USD", 700, "out", "posted"),
            ("p4", "books", date(2026, 2, 5), "USD", 999, "in", "void"),
            ("p5", "books", date(2026, 3, 16), "USD", 999, "in", "posted"),  # after the as-of day
            (
                "p7",
                "books",
                date(2026, 3, 1),
                "JPY",
                50,
                "in",
                "posted",
            ),  # no declared rate: as y1, the one before it
            ("p6", "other", date(2026, 2, 5), "USD", 999, "in", "posted"),
        ],
    ),
    "allocation": (
        "document_key varchar, payment_key varchar, amount bigint, date date",
        [
            ("i1", "p1", 4000, date(2026, 1, 20)),  # the invoice is of February
            ("i2", "p1", 6000, date(2026, 3, 2)),
            ("i2", "p1", 0, date(2026, 3, 20)),
            ("n1", "p3", 300, date(2026, 2, 4)),
        ],
    ),
    "document_figure": (
        "document_key varchar, date date, currency varchar, source varchar, gross bigint, home_gross bigint, state varchar",
        [
            ("i1", date(2026, 2, 1), "USD", "books", 4000, 4000, "counted"),
            ("i2", date(2026, 1, 5), "USD", "books", 6000, 6000, "counted"),
            ("n1", date(2026, 1, 6), "USD", "books", 300, 300, "counted"),
            ("y1", date(2026, 1, 7), "JPY", "books", 1000, 800, "counted"),
            ("y2", date(2026, 3, 7), "JPY", "books", 1000, 900, "counted"),
            ("y3", date(2026, 2, 1), "JPY", "other", 1000, 100, "counted"),
        ],
    ),
    "rate_on": (
        "currency varchar, date date, numerator bigint, denominator bigint",
        [("EUR", date(2026, 2, 3), 11, 10)],
    ),
}
RUN = {"param.run": ("as_of date, home_currency varchar", [(date(2026, 3, 15), "USD")])}


def test_what_is_left_moves_when_money_comes_and_when_it_is_used():
    rows = kit.evaluate("payment_left", TABLES, params=RUN)
    found = {row["month"].month: (row["source"], row["amount"], row["foreign_amount"]) for row in rows}
    assert found == {
        1: ("books", 10000, 0),
        2: ("books", -4000 + 5500 - 700 + 300, 5500),
        3: ("books", -6000 + 40, 40),
    }
