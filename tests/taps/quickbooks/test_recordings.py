"""Recordings of the real QuickBooks pass the tap and its staging: net + tax = gross, balance as recorded."""

import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from tests.taps.quickbooks.staging.landed import staged

from tap_quickbooks.client import rows_of
from tap_quickbooks.records import Records

SHARED = next(
    (
        folder / "shared" / "recordings" / "quickbooks"
        for folder in Path(__file__).resolve().parents
        if (folder / "shared" / "recordings" / "quickbooks").is_dir()
    ),
    None,
)
pytestmark = pytest.mark.skipif(SHARED is None, reason="the recordings of QuickBooks are not here")
STREAMS = {
    "Invoice": "invoice",
    "SalesReceipt": "sales_receipt",
    "CreditMemo": "credit_memo",
    "RefundReceipt": "refund_receipt",
    "Payment": "payment",
    "Customer": "customer",
    "Account": "account",
}


def bodies():
    """Every JSON answer in the recordings, numbers as they were printed."""
    for file in sorted(SHARED.glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"), parse_float=str)
        for calls in document.get("api", {}).values():
            yield from (call["response"] for call in calls.values() if isinstance(call.get("response"), dict))
    yaml = pytest.importorskip("yaml")
    for file in sorted(SHARED.glob("vcr-qbo_api/*/*.yml")):
        for one in yaml.safe_load(file.read_text(encoding="utf-8"))["http_interactions"]:
            text = one["response"]["body"]["string"]
            text = text.decode() if isinstance(text, bytes) else text
            if text.startswith("{"):
                yield json.loads(text, parse_float=str)


@cache
def recorded():
    """Entity → id → object as it was answered last."""
    found = {entity: {} for entity in STREAMS}
    for body in bodies():
        response = body.get("QueryResponse", body)
        for entity in STREAMS:
            value = response.get(entity, [])
            rows = rows_of(response, entity, None) if isinstance(value, list) else [value]
            found[entity] |= {row["Id"]: row for row in rows if row.get("status") != "Deleted"}
    return found


def records(entity):
    made = Records(
        STREAMS[entity], {"opportunity": "x", "po": "x", "reference": "CustomerMemo", "credited": "x"}
    )
    return [made.of(row) for row in recorded()[entity].values()]


@pytest.mark.parametrize("entity", ["Invoice", "SalesReceipt", "CreditMemo"])
def test_net_and_tax_make_gross_and_the_balance_is_the_recorded_one(entity):
    rows = recorded()[entity]
    found = staged(
        "document", **{STREAMS[entity]: records(entity)}, preferences=[{"id": "1", "home_currency": "USD"}]
    )
    assert len(found) == len(rows) > 0
    for document in found:
        row = rows[document["source_id"]]
        assert document["net"] + document["tax"] == document["gross"] == Decimal(str(row["TotalAmt"]))
        assert document["balance"] == Decimal(str(row["Balance"]))
        assert document["number"] == row.get("DocNumber")


@pytest.mark.parametrize("entity", ["Invoice", "SalesReceipt", "CreditMemo"])
def test_the_lines_sum_to_the_net(entity):
    stream = STREAMS[entity]
    documents = staged(
        "document", **{stream: records(entity)}, preferences=[{"id": "1", "home_currency": "USD"}]
    )
    net = {document["key"]: document["net"] for document in documents}
    lines = staged("line", **{stream: records(entity)})
    sums = dict.fromkeys(net, Decimal(0))
    for line in lines:
        sums[line["document_key"]] += line["net"]
    assert sums == net


def test_every_recorded_payment_is_used_up_or_unapplied():
    rows = recorded()["Payment"]
    parts = staged("allocation", payment=records("Payment"))
    used = dict.fromkeys(rows, Decimal(0))
    for part in parts:
        if part["payment_key"]:
            used[re.sub(r".*/", "", part["payment_key"])] += part["amount"]
    assert parts
    for key, row in rows.items():
        invoices = [
            line for line in row["Line"] if line["LinkedTxn"] and line["LinkedTxn"][0]["TxnType"] == "Invoice"
        ]
        if len(invoices) == len(row["Line"]):
            assert used[key] == Decimal(str(row["TotalAmt"])) - Decimal(str(row["UnappliedAmt"])), key


def test_recorded_customers_and_accounts_are_read():
    customers = staged(
        "customer", customer=[{k: v for k, v in r.items() if v is not None} for r in records_of("Customer")]
    )
    assert len(customers) == len(recorded()["Customer"]) > 20
    assert all(customer["name"] for customer in customers)
    types = {record["account_type"] for record in records("Account")}
    assert {"Income", "Expense", "Accounts Receivable"} <= types


def records_of(entity):
    made = Records(STREAMS[entity], {"external_id": "AcctNum"})
    return [made.of(row) for row in recorded()[entity].values()]
