"""The same world: CRM in Odoo, ledger in QuickBooks. Every published figure is the true one, to the cent."""

from dataclasses import asdict

import pytest

from closedloop.clock import Clock
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import check, links, odoo, quickbooks
from closedloop.sandbox.members import as_registrations
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.stamps import to_text

pytestmark = pytest.mark.long

CRM_FIELDS = {
    "campaign_fields": {
        name: f"x_{name}"
        for name in ("budget", "actual_cost", "expected_attendees", "series", "edition", "kind", "code")
    },
    "opportunity_fields": {"number": "x_deal_number", "po": "x_po", "lead_source": "source_id"},
    "partner_fields": {"external_id": "ref"},
}
#: What the ledger of this world holds; the CRM holds the rest.
BOOKS = {"customer", "document", "payment", "cost_line"}


@pytest.fixture(scope="module")
def world():
    return as_registrations(generate(9, 0.05))


@pytest.fixture(scope="module")
def ground(world, tmp_path_factory):
    """Both systems served, read, landed and reconciled with the true links."""
    home = tmp_path_factory.mktemp("truth")
    with odoo.serve(world) as crm, quickbooks.serve(world) as books:
        settings = Settings(
            company={"name": world.company, "currency": world.home_currency, "time_zone": world.zone},
            connections={
                "crm": {
                    "connector": "odoo",
                    "settings": {
                        "url": crm.url,
                        "database": "crm",
                        "api_key": crm.api_keys["crm"],
                        **CRM_FIELDS,
                    },
                },
                "books": {
                    "connector": "quickbooks",
                    "settings": {**books.settings, "token_folder": str(home / "tokens")},
                },
            },
            home=home,
        )
        clock = Clock(start=books.now())
        store, operations = Store.open(home / "store.duckdb"), Operations.open(home / "operations.db")
        run = operations.begin_run("run", clock)

        def read(*connections):
            return sync(
                settings,
                connections=list(connections),
                store=store,
                operations=operations,
                run_id=run,
                clock=clock,
            )

        book_beside_documents(books)
        results = read("crm", "books")
        keys = {
            key: f"crm:{record}"
            for kind, records in crm.keys.items()
            if kind not in BOOKS
            for key, record in records.items()
        }
        keys |= {key: f"books:{record}" for kind in BOOKS for key, record in books.keys.get(kind, {}).items()}
        decided = [
            {**asdict(one), "verdict": "accept", "who": "test", "why": "", "at": to_text(clock.now())}
            for one in links.decisions(world, keys)
        ]
        with operations.transaction() as connection:
            connection.execute(tables.decision.insert(), decided)
        made = reconcile(settings, store, operations, as_of=world.as_of, clock=clock, automatic_links=False)
        yield store, keys, results, made, read, books
        store.close()
        operations.close()


def book_beside_documents(books):
    """A journal of 123.40 to income in May 2026, and 7.00 of it from the bank in June."""
    account = {row["AccountType"]: {"value": row["Id"]} for row in books.records("Account")}
    sides = (("Debit", "Bank"), ("Credit", "Income"))
    lines = [
        {
            "Amount": "123.40",
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": account[kind]},
        }
        for side, kind in sides
    ]
    books.create("JournalEntry", {"TxnDate": "2026-05-31", "Line": lines})
    sold = {"AccountRef": account["Income"]}
    line = {"Amount": "7.00", "DetailType": "DepositLineDetail", "DepositLineDetail": sold}
    books.create("Deposit", {"TxnDate": "2026-06-30", "TotalAmt": "7.00", "Line": [line]})


def published(store):
    found = {}
    for name, table in check.TABLES.items():
        schema = "link" if table.startswith("link_") else "marts"
        cursor = store.connection.execute(f"select * from {schema}.{table}")
        names = [column[0] for column in cursor.description]
        found[name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return check.Published(**found)


def test_every_stream_is_read_and_proven(ground):
    results = ground[2]
    books = {one.stream: one.verdict for one in results if one.connection == "books"}
    assert {stream for stream, verdict in books.items() if verdict != "proven"} <= {"exchange_rate"}
    assert len(books) == 19


def test_no_check_fails(ground):
    assert ground[3].checks == []


def test_every_figure_is_the_true_one(ground, world):
    store, keys, *_ = ground
    assert [str(one) for one in check.check_true_links(world, published(store), keys)] == []


def test_every_month_that_is_over_ties_out_and_what_is_no_document_is_named(ground):
    rows = {row["month"]: row for row in published(ground[0]).months}
    states = {str(month)[:7]: row["state"] for month, row in rows.items()}
    assert states.pop("2026-10") == "running"
    assert set(states.values()) == {"equal", "explained"}
    named = {
        str(month)[:7]: (row["income_journals"], row["income_bank"])
        for month, row in rows.items()
        if row["income_journals"] or row["income_bank"]
    }
    assert named == {"2026-05": (12340, 0), "2026-06": (0, 700)}
    for row in rows.values():
        for side in ("income", "receivable"):
            parts = [
                row[name] or 0 for name in row if name.startswith(f"{side}_") and name != f"{side}_difference"
            ]
            assert sum(parts) == (row[f"{side}_difference"] or 0)
    assert any(row["receivable_payments"] for row in rows.values())


def test_documents_in_other_currencies_and_voids_and_credits_were_among_them(ground):
    store = ground[0]
    found = store.query(
        "select count(*) filter (currency <> 'USD'), count(*) filter (status = 'void'),"
        " count(*) filter (kind = 'credit_note'), count(*) filter (kind = 'sales_receipt') from staging.document"
    )
    assert all(found[0])
    assert store.query("select count(*) from staging.payment where direction = 'out'")[0][0]


def test_the_next_run_finds_what_was_made_voided_and_deleted_since(ground):
    """Last: it changes the books."""
    store, _, _, _, read, books = ground
    deleted, voided = books.records("Payment")[0]["Id"], books.records("Invoice")[-1]["Id"]
    books.advance(3600)
    books.delete("Payment", deleted)
    books.void("Invoice", voided)
    made = books.create("CreditMemo", {"TotalAmt": "5", "TxnDate": "2026-10-01", "Line": []})
    books.advance(3600)
    before = len(books.requests())

    results = {one.stream: one for one in read("books")}

    assert {name for name, one in results.items() if one.verdict != "proven"} <= {"exchange_rate"}
    held = store.query(
        "select id, total_amt is not null from raw_books.payment where _deleted_at is not null"
    )
    assert held == [(deleted, True)]  # a tombstone, without a sweep; what was known of it stays
    assert store.query("select total_amt from raw_books.invoice where id = ?", [voided]) == [("0.00",)]
    assert store.query("select count(*) from raw_books.credit_memo where id = ?", [made]) == [(1,)]
    kinds = [one["kind"] for one in books.requests(before) if one["kind"] != "token"]
    assert (kinds.count("cdc"), len(kinds) <= 16) == (1, True)
