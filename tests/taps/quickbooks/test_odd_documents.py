"""A document that cannot be right is flagged by a check or left out with its number; none is guessed."""

from datetime import date

from tests.models import kit
from tests.taps.quickbooks.staging.landed import staged

SALE = {
    "doc_number": "1001",
    "txn_date": "2026-01-10",
    "customer_id": "3",
    "currency": "USD",
    "total_amt": "100.00",
    "total_tax": "0",
    "balance": "100.00",
}


def line(amount):
    return {"id": "1", "amount": amount, "kind": "SalesItemLineDetail", "item_id": "i"}


#: Number → what is odd about the invoice, and the lines it has.
ODD = {
    "sound": ({}, "100.00"),
    "no-rate": ({"currency": "EUR"}, "100.00"),
    "unknown-currency": ({"currency": "XYZ"}, "100.00"),
    "lines-differ": ({}, "90.00"),
    "customer-gone": ({"customer_id": "99"}, "100.00"),
    "balance-differs": ({"balance": "40.00"}, "100.00"),
}


def test_each_is_flagged_or_left_out_with_its_number(tmp_path_factory):
    invoices = [
        {"id": number, **SALE, **more, "doc_number": number, "line": [line(amount)]}
        for number, (more, amount) in ODD.items()
    ]
    raw = {
        "invoice": invoices,
        "customer": [{"id": "3", "display_name": "Acme"}],
        "preferences": [{"id": "1", "home_currency": "USD"}],
        "account": [{"id": "1", "name": "Sales", "account_type": "Income"}],
        "item": [{"id": "i", "name": "Thing", "income_account_id": "1"}],
    }
    rows = {entity: staged(entity, **raw) for entity in ("customer", "document", "line")}
    world = kit.build(tmp_path_factory.mktemp("odd"), rows)

    failed = {one.name: one.example for one in world.reconcile(as_of=date(2026, 6, 30)).checks}
    state = world.by("marts.document_value", "number", "state")
    value = world.by("marts.document_value", "number", "value")
    world.close()

    assert failed.keys() == {
        "document_lines",
        "documents_without_rate",
        "foreign_keys",
        "ledger_balance",
    }
    assert "lines-differ" in failed["document_lines"]
    assert "customer-gone" in failed["foreign_keys"]
    assert "balance-differs" in failed["ledger_balance"]
    assert "no-rate" in failed["documents_without_rate"]
    assert {number for number, found in state.items() if found == "not_convertible"} == {
        "no-rate",
        "unknown-currency",
    }
    assert (value["no-rate"], value["unknown-currency"], value["sound"]) == (None, None, 10_000)
