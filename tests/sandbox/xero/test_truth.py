"""The world through the simulator, the tap, the store and the models gives the figures of the truth, to the cent."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from closedloop import connectors
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import odoo, xero
from closedloop.sandbox.check import TABLES, Published, check_true_links
from closedloop.sandbox.links import decisions
from closedloop.sandbox.members import as_registrations
from closedloop.sandbox.world import generate
from closedloop.sandbox.xero.books import guid
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

BOOKS = {"customer", "document", "line", "payment", "allocation", "cost_line"}


def installed():
    try:
        return connectors.tap_module("xero")
    except ConfigError:
        return None


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(installed() is None, reason="the entry point of tap-xero is not installed"),
]


class Ground:
    """A store that read its CRM from a simulated Odoo and its ledger from a simulated Xero."""

    def __init__(self, folder, world, crm, books):
        self.world, self.books = world, books
        self.keys = {
            key: f"{name}:{record}"
            for name, simulator in (("crm", crm), ("books", books))
            for kind, records in simulator.keys.items()
            if (kind in BOOKS) == (name == "books")
            for key, record in records.items()
        }
        ledger = {
            "url": books.url,
            "identity_url": books.url,
            "client_id": books.client_id,
            "client_secret": books.client_secret,
            "grant": "client_credentials",
            "page_size": 40,
        }
        self.settings = Settings(
            company={"currency": world.home_currency, "time_zone": world.zone},
            connections={
                "crm": {
                    "connector": "odoo",
                    "settings": {"url": crm.url, "database": "crm", "api_key": crm.api_keys["crm"]},
                },
                "books": {"connector": "xero", "settings": ledger},
            },
            home=folder,
        )
        self.clock = Clock(start=datetime.combine(world.as_of, time(12), tzinfo=UTC))
        self.store = Store.open(folder / "store.duckdb")
        self.operations = Operations.open(folder / "operations.db")

    def sync(self, *connections):
        run = self.operations.begin_run("sync", self.clock)
        return sync(
            self.settings,
            connections=list(connections),
            store=self.store,
            operations=self.operations,
            run_id=run,
            clock=self.clock,
        )

    def published(self):
        with self.operations.transaction() as connection:
            connection.execute(tables.decision.delete())
            for one in decisions(self.world, self.keys):
                row = {"kind": one.kind, "left_key": one.left_key, "right_key": one.right_key}
                row |= {"verdict": "accept", "who": "test", "why": "", "at": "2026-10-31T00:00:00Z"}
                connection.execute(tables.decision.insert().values(**row))
        made = reconcile(
            self.settings,
            self.store,
            self.operations,
            as_of=self.world.as_of,
            clock=self.clock,
            automatic_links=False,
        )
        found = {}
        for name, table in TABLES.items():
            layer = "link" if table.startswith("link_") else "marts"
            rows = self.store.connection.execute(f"select * from {layer}.{table}")
            names = [column[0] for column in rows.description]
            found[name] = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        return made, Published(**found)


def book_beside_documents(books):
    """A journal of 123.40 to income in May 2026, and 7.00 of it from the bank in June."""
    account = {row["Class"]: row["AccountID"] for row in reversed(books.records("Accounts"))}
    zero = {"TaxAmount": Decimal(0)}
    lines = [
        {"LineAmount": Decimal("-123.40"), "AccountID": account["REVENUE"], **zero},
        {"LineAmount": Decimal("123.40"), "AccountID": account["EXPENSE"], **zero},
    ]
    head = {"Narration": "Accrual", "Status": "POSTED", "Date": date(2026, 5, 31), "LineAmountTypes": "NoTax"}
    books.create("ManualJournals", {**head, "ManualJournalID": guid("journal"), "JournalLines": lines})
    line = {"LineAmount": Decimal("7.00"), "AccountID": account["REVENUE"], **zero}
    head = {"Type": "RECEIVE", "Status": "AUTHORISED", "Date": date(2026, 6, 30), "LineAmountTypes": "NoTax"}
    head |= {"CurrencyCode": "USD", "BankTransactionID": guid("sale"), "LineItems": [line]}
    books.create("BankTransactions", head)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    world = as_registrations(generate(4, 0.06))
    options = xero.Options(minute_limit=10_000)
    with odoo.serve(world) as crm, xero.serve(world, options=options) as books:
        book_beside_documents(books)
        made = Ground(tmp_path_factory.mktemp("xero"), world, crm, books)
        made.first = made.sync("crm", "books")
        yield made
        made.store.close()
        made.operations.close()


def test_every_stream_of_the_ledger_is_proven(ground):
    ledger = {result.stream: result for result in ground.first if result.connection == "books"}

    assert {result.verdict for result in ledger.values()} == {"proven"}
    assert ledger["invoices"].keys == len(ground.books.records("Invoices"))


def test_the_figures_are_the_truth_to_the_cent(ground):
    made, published = ground.published()

    ground.documents = len(published.documents)
    assert made.checks == []
    # Xero states no home total: its gross is converted once, the world's is its net and its tax together.
    foreign = sum(one.currency != ground.world.home_currency for one in ground.world.documents)
    wrong = [
        one
        for one in check_true_links(ground.world, published, ground.keys)
        if (one.table, one.column) != ("tie_out", "documents_open") or abs(one.expected - one.found) > foreign
    ]
    assert [str(one) for one in wrong] == []


def test_every_month_that_is_over_ties_out_and_what_is_no_document_is_named(ground):
    _, published = ground.published()
    rows = {row["month"]: row for row in published.months}
    states = {str(month)[:7]: row["state"] for month, row in rows.items()}
    assert states.pop("2026-10") == "running"
    assert set(states.values()) == {"equal", "explained"}
    named = {
        str(month)[:7]: (row["income_journals"], row["income_bank"])
        for month, row in rows.items()
        if row["income_journals"] or row["income_bank"]
    }
    assert named == {"2026-05": (12340, 0), "2026-06": (0, 700)}
    assert any(row["receivable_exchange"] for row in rows.values())  # open foreign invoices, valued anew


def test_a_void_and_an_undone_payment_reach_the_figures(ground):
    paid = next(
        d
        for d in ground.world.documents
        if ground.books.keys["document"][d.key].startswith("Invoice")
        and d.status == "posted"
        and not d.balance
        and d.day <= ground.world.as_of
    )
    key = ground.books.keys["document"][paid.key].split("/")[1]
    payments = [p for p in ground.books.records("Payments") if p.get("Invoice", {}).get("InvoiceID") == key]
    for payment in payments:
        ground.books.edit("Payments", payment["PaymentID"], {"Status": "DELETED"})
    ground.books.edit("Invoices", key, {"Status": "VOIDED", "AmountDue": 0, "Payments": []})
    already = len(ground.books.requests())

    results = ground.sync("books")
    _, after = ground.published()

    held = {row["document_key"]: row for row in after.documents}
    assert ground.keys[paid.key] not in held
    assert len(held) == ground.documents - 1
    assert {r.verdict for r in results} <= {"proven", "unproven"}
    asked = [one["stream"] for one in ground.books.requests()[already:]]
    assert len(asked) == len(set(asked)), "one changed invoice: one call a stream"
