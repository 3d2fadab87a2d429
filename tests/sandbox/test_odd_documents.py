"""A ledger with documents that cannot be right, read and reconciled: each is named with its number, no figure moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest

from closedloop.clock import Clock
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import quickbooks, xero
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

WORLD = generate(5, 0.02)
#: Number → what is odd; what is flagged by a check, or else left out of every figure.
FLAGGED = {
    "ODD-LINES": ("document_lines", "its lines sum to 9000, its net is 10000"),
    "ODD-PAID": ("ledger_balance", "settled with 15000, more than its 10000"),
    "ODD-CUSTOMER": ("foreign_keys", "names customer"),
}
LEFT_OUT = {"ODD-CURRENCY": "currency XYZ is not known", "ODD-RATE": "the ledger states no rate for EUR"}


def quickbooks_invoice(books, number, customer, amount="100.00", line=None, **more):
    kind = "SalesItemLineDetail"
    item = books.records("Item")[0]["Id"]
    return books.add(
        "Invoice",
        {
            "DocNumber": number,
            "TxnDate": day().isoformat(),
            "CustomerRef": {"value": customer},
            "TotalAmt": amount,
            "Balance": amount,
            "Line": [{"Amount": line or amount, "DetailType": kind, kind: {"ItemRef": {"value": item}}}],
            **more,
        },
    )


class QuickBooks:
    """A QuickBooks company into which whatever can be written."""

    connector = "quickbooks"

    def __init__(self):
        self.simulator = quickbooks.serve(WORLD)
        self.settings = self.simulator.settings

    def records(self, entity):
        return self.simulator.records(entity)

    def add(self, entity, values):
        return self.simulator._service.books.add(entity, values)  # noqa: SLF001 (its own face would mend the totals)

    def make_odd(self):
        customer = self.records("Customer")[0]["Id"]
        quickbooks_invoice(self, "ODD-LINES", customer, line="90.00")
        quickbooks_invoice(self, "ODD-CURRENCY", customer, CurrencyRef={"value": "XYZ"}, ExchangeRate="2")
        quickbooks_invoice(self, "ODD-RATE", customer, CurrencyRef={"value": "EUR"})
        quickbooks_invoice(self, "ODD-CUSTOMER", "999999")
        paid = quickbooks_invoice(self, "ODD-PAID", customer, Balance="-50.00")
        line = {"Amount": "150.00", "LinkedTxn": [{"TxnId": paid, "TxnType": "Invoice"}]}
        payment = {"CustomerRef": {"value": customer}, "TotalAmt": "150.00", "TxnDate": day().isoformat()}
        self.add("Payment", payment | {"Line": [line]})


class Xero:
    """A Xero organisation into which whatever can be written."""

    connector = "xero"

    def __init__(self):
        self.simulator = xero.serve(WORLD, options=xero.Options(minute_limit=10_000))
        own = self.simulator
        self.settings = {
            "url": own.url,
            "identity_url": own.url,
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "grant": "client_credentials",
        }

    def add(self, table, **row):
        key = xero.books.KEYS[table]
        row |= {key: row.get(key, f"odd-{row.get('InvoiceNumber', 'payment')}")}
        row["UpdatedDateUTC"] = self.simulator.now() - timedelta(minutes=1)
        self.simulator.engine.books.tables[table][row[key]] = row

    def invoice(self, number, customer, amount="100.00", line=None, **more):
        item = {"LineItemID": number, "LineAmount": line or amount, "TaxAmount": "0", "AccountCode": "200"}
        row = {
            "InvoiceNumber": number,
            "Type": "ACCREC",
            "Status": "AUTHORISED",
            "Date": day(),
            "Contact": {"ContactID": customer},
            "LineAmountTypes": "Exclusive",
            "LineItems": [item],
            "SubTotal": amount,
            "TotalTax": "0",
            "Total": amount,
            "AmountDue": amount,
            "CurrencyCode": "USD",
        }
        self.add("Invoices", **row | more)

    def make_odd(self):
        customer = xero.books.guid(WORLD.customers[0].key)
        self.invoice("ODD-LINES", customer, line="90.00")
        self.invoice("ODD-CURRENCY", customer, CurrencyCode="XYZ", CurrencyRate="2")
        self.invoice("ODD-RATE", customer, CurrencyCode="EUR")
        self.invoice("ODD-CUSTOMER", "gone")
        self.invoice("ODD-PAID", customer, AmountDue="-50.00", Status="PAID")
        self.add(
            "Payments",
            PaymentType="ACCRECPAYMENT",
            Status="AUTHORISED",
            Date=day(),
            Amount="150.00",
            Invoice={"InvoiceID": "odd-ODD-PAID", "CurrencyCode": "USD"},
        )


def day():
    return WORLD.as_of - timedelta(days=3)


@dataclass
class Outcome:
    """What a reconcile says."""

    checks: dict
    left_out: list
    value: dict
    accounts: dict


@pytest.fixture(params=[QuickBooks, pytest.param(Xero, marks=pytest.mark.long)], ids=["quickbooks", "xero"])
def ledger(request):
    made = request.param()
    with made.simulator:
        yield made


@pytest.fixture
def outcome(ledger, tmp_path):
    """Read and reconcile the ledger as it is now."""
    settings = Settings(
        company={"currency": WORLD.home_currency, "time_zone": WORLD.zone},
        connections={"books": {"connector": ledger.connector, "settings": ledger.settings}},
        home=tmp_path,
    )
    clock = Clock(start=datetime.combine(WORLD.as_of, time(12), tzinfo=UTC))
    store, operations = Store.open(tmp_path / "store.duckdb"), Operations.open(tmp_path / "operations.db")
    run = operations.begin_run("run", clock)

    def now():
        done = sync(
            settings, connections=["books"], store=store, operations=operations, run_id=run, clock=clock
        )
        assert {one.verdict for one in done} <= {"proven", "unproven"}, done
        made = reconcile(settings, store, operations, as_of=WORLD.as_of, clock=clock)
        return Outcome(
            checks={one.name: one.example for one in made.checks},
            left_out=made.left_out,
            value=dict(
                store.query("select number, value from marts.document_value where number like 'ODD-%'")
            ),
            accounts=dict(
                store.query(
                    "select document_key, value from marts.document_value where number not like 'ODD-%'"
                )
            ),
        )

    yield now
    store.close()
    operations.close()


def test_each_is_named_with_its_number_and_moves_no_figure(ledger, outcome):
    before = outcome()
    ledger.make_odd()
    after = outcome()

    assert before.checks == {}
    assert after.checks.keys() == {check for check, _ in FLAGGED.values()}
    for number, (check, words) in FLAGGED.items():
        assert f"invoice {number} " in after.checks[check]
        assert words in after.checks[check]
    told = [line for line in after.left_out if line not in before.left_out]
    assert sorted(told) == [f"invoice {number} of {day()}: {why}" for number, why in sorted(LEFT_OUT.items())]
    assert {number: after.value[number] for number in LEFT_OUT} == dict.fromkeys(LEFT_OUT)
    assert after.accounts == before.accounts
