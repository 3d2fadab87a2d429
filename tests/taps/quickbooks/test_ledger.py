"""Whatever is done to the ledger, in whatever order: `invoiced` and `collected` are those of a plain ledger in this test.

QuickBooks is a company of the simulator, changed as people change it; what it then prints goes through the tap's
records and the staging SQL, and is summed up here by the definitions of measures 1 to 4.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.taps.quickbooks.staging.landed import staged

from closedloop.sandbox.odoo.faults import Faults
from closedloop.sandbox.quickbooks.books import Books
from closedloop.sandbox.quickbooks.service import Service
from tap_quickbooks.records import Records

START = date(2026, 1, 1)
RATES = {"USD": Decimal(1), "EUR": Decimal("1.1"), "JPY": Decimal("0.0067")}
CENT = Decimal("0.01")


@dataclass
class Bill:
    """A document as a person would remember it."""

    entity: str
    customer: str
    currency: str
    day: date
    net: Decimal
    tax: Decimal
    settled: list[tuple[date, Decimal]] = field(default_factory=list)

    @property
    def gross(self):
        return self.net + self.tax

    @property
    def open(self):
        return self.gross - sum(amount for _, amount in self.settled)


def cents(value):
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


class Ledger:
    """The plain ledger, and the company in which the same is done."""

    def __init__(self):
        now = datetime(2026, 6, 1, 12, tzinfo=UTC)
        self.books = Books(zone=ZoneInfo("America/Chicago"), now=lambda: now)
        self.service = Service(books=self.books, faults=Faults())
        account = self.books.add("Account", {"Name": "Sales", "AccountType": "Income"})
        receivable = self.books.add("Account", {"Name": "A/R", "AccountType": "Accounts Receivable"})
        self.receivable = {"value": receivable}
        self.item = self.books.add("Item", {"Name": "Thing", "IncomeAccountRef": {"value": account}})
        self.bills: dict[str, Bill] = {}

    def write(self, entity, customer, currency, days, *money):
        bill = Bill(entity, customer, currency, START + timedelta(days=days), *money)
        made = self.books.add(entity, self.printed(bill))
        self.bills[made] = bill

    def printed(self, bill):
        is_open = bill.entity in {"Invoice", "CreditMemo"}
        kind = "SalesItemLineDetail"
        off = cents(bill.net / 10)
        return {
            "TxnDate": bill.day.isoformat(),
            "CustomerRef": {"value": bill.customer},
            "CurrencyRef": {"value": bill.currency},
            "ExchangeRate": RATES[bill.currency],
            "TotalAmt": bill.gross,
            "Balance": bill.open if is_open else Decimal(0),
            "TxnTaxDetail": {"TotalTax": bill.tax},
            "Line": [
                {"Amount": bill.net + off, "DetailType": kind, kind: {"ItemRef": {"value": self.item}}},
                {"Amount": bill.net + off, "DetailType": "SubTotalLineDetail"},
                {"Amount": off, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}},
            ],
        }

    def refresh(self, *keys):
        for key in keys:
            self.books.edit(self.bills[key].entity, key, self.printed(self.bills[key]))

    def of(self, entity):
        return [key for key, bill in self.bills.items() if bill.entity == entity]

    def edit(self, key, days, net):
        """Change date and amount, as long as nothing is settled."""
        bill = self.bills[key]
        if not bill.settled:
            bill.day, bill.net = START + timedelta(days=days), net
            self.refresh(key)

    def recur(self, key, currency):
        bill = self.bills[key]
        if not bill.settled:
            bill.currency = currency
            self.refresh(key)

    def pay(self, key, days, share):
        bill = self.bills[key]
        amount = cents(bill.open * share / 100)
        if bill.entity == "Invoice" and amount > 0:
            day = START + timedelta(days=days)
            self.payment(bill, day, amount, [(key, "Invoice", amount)])
            bill.settled.append((max(day, bill.day), amount))
            self.refresh(key)

    def credit(self, note, key, days):
        memo, bill = self.bills[note], self.bills[key]
        amount = min(memo.open, bill.open)
        same = (memo.customer, memo.currency) == (bill.customer, bill.currency)
        if same and memo.entity == "CreditMemo" and bill.entity == "Invoice" and amount > 0:
            day = START + timedelta(days=days)
            self.payment(bill, day, Decimal(0), [(key, "Invoice", amount), (note, "CreditMemo", amount)])
            for one in (memo, bill):
                one.settled.append((max(day, memo.day, bill.day), amount))
            self.refresh(note, key)

    def refund(self, note, days):
        memo = self.bills[note]
        if memo.entity == "CreditMemo" and memo.open > 0:
            amount, day = memo.open, START + timedelta(days=days)
            kind = "AccountBasedExpenseLineDetail"
            line = {"Amount": amount, "DetailType": kind, kind: {"AccountRef": self.receivable}}
            values = {"PaymentType": "Check", "TotalAmt": amount, "TxnDate": day.isoformat(), "Line": [line]}
            cheque = self.books.add("Purchase", values)
            self.payment(memo, day, Decimal(0), [(note, "CreditMemo", amount), (cheque, "Check", amount)])
            memo.settled.append((max(day, memo.day), amount))
            self.refresh(note)

    def payment(self, bill, day, total, links):
        lines = [{"Amount": a, "LinkedTxn": [{"TxnId": key, "TxnType": kind}]} for key, kind, a in links]
        values = {
            "CustomerRef": {"value": bill.customer},
            "CurrencyRef": {"value": bill.currency},
            "TxnDate": day.isoformat(),
            "TotalAmt": total,
            "UnappliedAmt": Decimal(0),
            "Line": lines,
        }
        self.books.add("Payment", values)

    def void(self, key):
        bill = self.bills[key]
        if bill.entity == "Invoice" and not bill.settled:
            self.books.void("Invoice", key)
            del self.bills[key]

    def delete(self, key):
        bill = self.bills[key]
        if not bill.settled:
            self.books.delete(bill.entity, key)
            del self.bills[key]

    def expected(self, until):
        """Return (invoiced, collected) of each customer up to a day."""
        found = {}
        for bill in self.bills.values():
            if bill.day > until:
                continue
            sign = 1 if bill.entity in {"Invoice", "SalesReceipt"} else -1
            value = cents(bill.net * RATES[bill.currency])
            own = bill.entity in {"SalesReceipt", "RefundReceipt"}
            settled = bill.gross if own else sum((a for day, a in bill.settled if day <= until), Decimal(0))
            add(found, bill.customer, sign * value, sign * cents(value * settled / bill.gross))
        return found


def add(found, customer, invoiced, collected):
    before = found.get(customer, (Decimal(0), Decimal(0)))
    found[customer] = (before[0] + invoiced, before[1] + collected)


STREAMS = {
    "invoice": "Invoice",
    "sales_receipt": "SalesReceipt",
    "credit_memo": "CreditMemo",
    "refund_receipt": "RefundReceipt",
    "payment": "Payment",
    "purchase": "Purchase",
    "item": "Item",
    "account": "Account",
}


class Landed:
    """What the tap and the staging make of the company."""

    def __init__(self, books):
        raw = {"preferences": [{"id": "1", "home_currency": "USD"}]}
        for stream, entity in STREAMS.items():
            made = Records(stream, {})
            raw[stream] = [made.of(texts(row)) for row in books.tables[entity].values()]
        self.documents = {row["key"]: row for row in staged("document", **raw) if row["status"] == "posted"}
        self.net = dict.fromkeys(self.documents, Decimal(0))
        for line in staged("line", **raw):
            if line["document_key"] in self.net:
                self.net[line["document_key"]] += line["net"]
        self.allocations = staged("allocation", **raw)

    def figures(self, until):
        found = {}
        for key, row in self.documents.items():
            if row["date"] > until:
                continue
            sign = 1 if row["kind"] in {"invoice", "sales_receipt"} else -1
            assert row["rate_direction"] == "multiply"
            value = cents(self.net[key] * row["rate"])
            own = row["kind"] in {"sales_receipt", "refund"}
            settled = row["gross"] if own else self.settled(key, until)
            customer = row["customer_key"].rpartition("/")[2]
            add(found, customer, sign * value, sign * cents(value * settled / row["gross"]))
        return found

    def settled(self, key, until=date.max):
        total = Decimal(0)
        for part in self.allocations:
            if part["document_key"] != key:
                continue
            days = [part["date"], self.documents[key]["date"]]
            other = self.documents.get(part["credit_document_key"])
            days += [other["date"]] if other else []
            if max(days) <= until:
                total += part["amount"]
        return total


def texts(value):
    """Decimals as the tap's reader hands them over: text."""
    if isinstance(value, dict):
        return {name: texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [texts(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


AMOUNTS = st.integers(min_value=1, max_value=5_000_00).map(lambda n: Decimal(n) / 100)
DAYS = st.integers(min_value=0, max_value=60)
PICK = st.integers(min_value=0, max_value=50)
STEPS = st.one_of(
    st.tuples(
        st.just("write"),
        st.sampled_from(["Invoice", "Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["USD", "USD", "EUR", "JPY"]),
        DAYS,
        AMOUNTS,
        AMOUNTS.map(lambda amount: cents(amount / 12)),
    ),
    st.tuples(st.just("edit"), PICK, DAYS, AMOUNTS),
    st.tuples(st.just("recur"), PICK, st.sampled_from(list(RATES))),
    st.tuples(st.just("pay"), PICK, DAYS, st.sampled_from([30, 50, 100])),
    st.tuples(st.just("credit"), PICK, PICK, DAYS),
    st.tuples(st.just("refund"), PICK, DAYS),
    st.tuples(st.just("void"), PICK),
    st.tuples(st.just("delete"), PICK),
)


def do(ledger, step):
    name, *given_ = step
    if name == "write":
        ledger.write(*given_)
    elif name == "credit":
        notes, invoices = ledger.of("CreditMemo"), ledger.of("Invoice")
        if notes and invoices:
            ledger.credit(notes[given_[0] % len(notes)], invoices[given_[1] % len(invoices)], given_[2])
    else:
        keys = ledger.of("CreditMemo") if name == "refund" else list(ledger.bills)
        if keys:
            getattr(ledger, name)(keys[given_[0] % len(keys)], *given_[1:])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=4, max_size=16))
def test_any_sequence_gives_the_figures_of_a_plain_ledger(steps):
    ledger = Ledger()
    for step in steps:
        do(ledger, step)

    landed = Landed(ledger.books)

    for days in (0, 20, 40, 200):
        until = START + timedelta(days=days)
        assert landed.figures(until) == ledger.expected(until)
    for key, row in landed.documents.items():
        assert row["net"] == landed.net[key]
        if row["kind"] in {"invoice", "credit_note"}:
            assert row["gross"] - landed.settled(key) == row["balance"]
