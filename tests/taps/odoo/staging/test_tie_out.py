"""What Odoo itself booked on its income and receivable accounts, by what it was booked for."""

from collections import Counter
from decimal import Decimal

from closedloop.sandbox.odoo import serve
from closedloop.sandbox.world import generate

ACCOUNTS = [
    {"id": 1, "account_type": "income"},
    {"id": 2, "account_type": "asset_receivable"},
    {"id": 3, "account_type": "asset_cash"},
    {"id": 4, "account_type": "liability_current"},
]


def entry(number, kind, *lines, day="2026-03-10", state="posted", **more):
    """Return an entry and its lines: (account, balance)."""
    move = {"id": number, "move_type": kind, "state": state, "date": day, **more}
    return move, [
        {"id": number * 10 + n, "move_id": number, "account_id": account, "balance": balance, "date": day}
        for n, (account, balance) in enumerate(lines)
    ]


def test_each_entry_is_named_by_what_it_is(stage):
    entries = [
        entry(1, "out_invoice", (2, "119"), (1, "-100"), (4, "-19")),
        entry(2, "out_refund", (2, "-11.90"), (1, "10"), (4, "1.90")),
        entry(3, "entry", (3, "50"), (2, "-50"), origin_payment_id=8),
        entry(4, "entry", (3, "20"), (2, "-20")),  # its payment names it
        entry(5, "entry", (2, "0.5"), (1, "-0.5")),  # an exchange difference
        entry(6, "entry", (3, "7"), (1, "-7")),  # a sale booked from the bank
        entry(7, "entry", (4, "3"), (1, "-3"), day="2026-03-11"),
        entry(8, "in_invoice", (1, "2"), (4, "-2")),
        entry(9, "out_invoice", (2, "999"), (1, "-999"), state="draft"),
    ]
    rows = stage(
        "ledger_total",
        account_account=ACCOUNTS,
        account_move=[move for move, _ in entries],
        account_move_line=[line for _, lines in entries for line in lines],
        account_payment=[{"id": 8, "move_id": 4}],
        account_partial_reconcile=[{"id": 1, "exchange_move_id": 5}],
    )
    found = {(row["side"], row["origin"], str(row["date"])): row["amount"] for row in rows}
    march = "2026-03-10"
    assert found == {
        ("income", "document", march): Decimal(90),
        ("receivable", "document", march): Decimal("107.10"),
        ("receivable", "payment", march): Decimal(-70),
        ("income", "exchange", march): Decimal("0.5"),
        ("receivable", "exchange", march): Decimal("0.5"),
        ("income", "bank", march): Decimal(7),
        ("income", "journal", "2026-03-11"): Decimal(3),
        ("income", "other", march): Decimal(-2),
    }
    assert len({row["key"] for row in rows}) == len(rows)
    assert {row["home_currency"] for row in rows} == {"USD"}


def test_nothing_of_the_books_is_lost_and_documents_are_what_the_world_says(stage):
    world = generate(3, 0.01)
    with serve(world) as simulator:
        streams = {
            name: [
                {column: row.get(column) or None for column in columns.split()}
                for row in simulator.records("books", name.replace("_", "."))
            ]
            for name, columns in {
                "account_account": "id account_type",
                "account_move": "id move_type state",
                "account_move_line": "id move_id account_id balance date",
                "account_payment": "id move_id",
                "account_partial_reconcile": "id exchange_move_id",
            }.items()
        }
    kinds = {row["id"]: row["account_type"] for row in streams["account_account"]}
    posted = {row["id"] for row in streams["account_move"] if row["state"] == "posted"}
    booked = Counter()
    for line in streams["account_move_line"]:
        kind = kinds[line["account_id"]]
        if line["move_id"] in posted and (kind == "asset_receivable" or kind.startswith("income")):
            side, sign = ("receivable", 1) if kind == "asset_receivable" else ("income", -1)
            booked[side, line["date"]] += sign * Decimal(repr(line["balance"] or 0.0))
    found, documents = Counter(), Counter()
    for row in stage("ledger_total", **streams):
        found[row["side"], row["date"]] += row["amount"]
        if (row["side"], row["origin"]) == ("income", "document"):
            documents[row["date"]] += row["amount"]
    assert found == booked
    expected = Counter()
    for document in world.documents:
        if document.status == "posted":
            sign = 1 if document.kind in {"invoice", "sales_receipt"} else -1
            revenue = sum(line.home_net for line in document.lines if line.line_class == "revenue")
            expected[document.day] += sign * Decimal(revenue) / 100
    assert +documents == +expected
    assert any(value for value in expected.values())
