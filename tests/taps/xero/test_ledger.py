"""Whatever is done to the books, in whatever order: `invoiced`, `collected` and the open balance are those of a plain ledger.

The plain ledger in this test prints itself as Xero would; that goes over the wire, through the tap's columns and the
staging SQL, and is summed up here by the definitions of measures 1 to 4.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.taps.xero.staging.landed import FILES, entity_of, landed, statement_of

from closedloop.sandbox.xero.wire import encode
from tap_xero.catalog import ENDPOINTS
from tap_xero.columns import Columns

START = date(2026, 1, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
#: Foreign units for one home unit, as Xero prints them.
RATES = {"USD": Decimal(1), "EUR": Decimal("0.917431"), "JPY": Decimal("151.515152")}
CENT = Decimal("0.01")
WIRE = msgspec.json.Decoder(float_hook=str)


def cents(value):
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(eq=False)
class Paper:
    """An invoice or a credit note as a person would remember it."""

    id: str
    is_note: bool
    customer: str
    currency: str
    day: date
    net: Decimal
    tax: Decimal
    is_inclusive: bool
    rate: Decimal
    status: str = "AUTHORISED"
    settled: list["Settlement"] = field(default_factory=list)

    @property
    def gross(self):
        return self.net + self.tax

    @property
    def used(self):
        return sum((one.amount for one in self.settled), Decimal(0))

    @property
    def open(self):
        return self.gross - self.used if self.status == "AUTHORISED" else Decimal(0)

    def collected(self, until):
        days = ((max([one.day, self.day, *(other.day for other in one.papers)]), one) for one in self.settled)
        return sum((one.amount for day, one in days if day <= until), Decimal(0))


@dataclass(eq=False)
class Settlement:
    """Money, a note or an advance that settles a document or two."""

    id: str
    kind: str
    amount: Decimal
    day: date
    papers: list[Paper]
    is_undone: bool = False


class Ledger:
    """The plain ledger, and how Xero prints it."""

    def __init__(self):
        self.papers: list[Paper] = []
        self.settlements: list[Settlement] = []

    def write(self, is_note, customer, currency, days, net, tax, is_inclusive):  # noqa: PLR0917 (a step)
        self.papers.append(
            Paper(
                f"p{len(self.papers)}", is_note, customer, currency, START + timedelta(days=days), net, tax,
                is_inclusive, RATES[currency],
            )
        )  # fmt: skip

    def edit(self, paper, days, net):
        if paper.status == "AUTHORISED" and not paper.settled:
            paper.day, paper.net = START + timedelta(days=days), net

    def recur(self, paper, currency, change):
        """Change the currency, or only its rate."""
        if paper.status == "AUTHORISED" and not paper.settled:
            paper.currency, paper.rate = currency, RATES[currency]
            if currency != "USD":
                paper.rate += change

    def pay(self, paper, days, share, kind):
        """Money for a document: a payment, or an advance that is allocated; of a note, a refund."""
        amount = cents(paper.open * share / 100)
        if amount > 0:
            self.settle("Payment" if paper.is_note else kind, amount, days, [paper])

    def credit(self, note, paper, days):
        amount = min(note.open, paper.open)
        same = (note.customer, note.currency) == (paper.customer, paper.currency)
        if note.is_note and not paper.is_note and same and amount > 0:
            self.settle("Allocation", amount, days, [paper, note])

    def settle(self, kind, amount, days, papers):
        made = Settlement(f"s{len(self.settlements)}", kind, amount, START + timedelta(days=days), papers)
        self.settlements.append(made)
        for paper in papers:
            paper.settled.append(made)

    def undo(self, place):
        """Delete a payment, or take an allocation back."""
        if self.settlements:
            one = self.settlements[place % len(self.settlements)]
            one.is_undone = True
            for paper in one.papers:
                paper.settled = [other for other in paper.settled if other is not one]

    def end(self, paper, status):
        """Void it, or delete the draft it has become again."""
        if not paper.settled:
            paper.status = status

    def expected(self, until):
        """Return (invoiced, collected) of each customer up to a day."""
        found = {}
        for paper in self.papers:
            if paper.status != "AUTHORISED" or paper.day > until:
                continue
            sign = -1 if paper.is_note else 1
            value = cents(paper.net / paper.rate)
            add(
                found,
                paper.customer,
                sign * value,
                sign * cents(value * paper.collected(until) / paper.gross),
            )
        return found

    # How Xero prints it

    def rows(self):
        found = {name: [] for name in ("Invoices", "CreditNotes", "Payments", "Prepayments", "Overpayments")}
        for paper in self.papers:
            found["CreditNotes" if paper.is_note else "Invoices"].append(self.printed(paper))
        for one in self.settlements:
            if one.kind == "Payment":
                found["Payments"].append(printed_payment(one))
            elif one.kind != "Allocation":
                found[f"{one.kind}s"].append(printed_advance(one))
        return found

    def printed(self, paper):
        is_paid = paper.status == "AUTHORISED" and not paper.open
        amount = paper.gross if paper.is_inclusive else paper.net
        row = {
            "Contact": {"ContactID": paper.customer},
            "Date": paper.day,
            "Status": "PAID" if is_paid else paper.status,
            "LineAmountTypes": "Inclusive" if paper.is_inclusive else "Exclusive",
            "LineItems": [
                {"LineItemID": f"{paper.id}/1", "Description": "a note without an amount"},
                {"LineItemID": f"{paper.id}/2", "LineAmount": amount, "TaxAmount": paper.tax, "AccountCode": "200"},
            ],
            "SubTotal": paper.net,
            "TotalTax": paper.tax,
            "Total": paper.gross,
            "CurrencyCode": paper.currency,
            "UpdatedDateUTC": NOW,
        }  # fmt: skip
        if paper.currency != "USD":
            row["CurrencyRate"] = paper.rate
        if paper.is_note:
            allocations = [allocation(one) for one in paper.settled if one.kind == "Allocation"]
            own = {"CreditNoteID": paper.id, "Type": "ACCRECCREDIT", "CreditNoteNumber": paper.id}
            return row | own | {"RemainingCredit": paper.open, "Allocations": allocations}
        own = {"InvoiceID": paper.id, "Type": "ACCREC", "InvoiceNumber": paper.id}
        return row | own | {"AmountDue": paper.open}


def allocation(one):
    return {
        "AllocationID": one.id,
        "Amount": one.amount,
        "Date": one.day,
        "Invoice": {"InvoiceID": one.papers[0].id},
    }


def printed_payment(one):
    (paper,) = one.papers
    return {
        "PaymentID": one.id,
        "PaymentType": "ARCREDITPAYMENT" if paper.is_note else "ACCRECPAYMENT",
        "Status": "DELETED" if one.is_undone else "AUTHORISED",
        "Date": one.day,
        "Amount": one.amount,
        "UpdatedDateUTC": NOW,
        # The rate of the payment is another one: it must never enter.
        "CurrencyRate": paper.rate * 2,
        "Invoice": {"InvoiceID": paper.id, "CurrencyCode": paper.currency},
    }


def printed_advance(one):
    left = one.amount if one.is_undone else Decimal(0)
    return {
        f"{one.kind}ID": one.id,
        "Type": f"RECEIVE-{one.kind.upper()}",
        "Status": "AUTHORISED" if left else "PAID",
        "Date": one.day,
        "UpdatedDateUTC": NOW,
        "Total": one.amount,
        "RemainingCredit": left,
        "CurrencyCode": one.papers[0].currency,
        "Allocations": [] if one.is_undone else [allocation(one)],
    }


def add(found, customer, invoiced, collected):
    before = found.get(customer, (Decimal(0), Decimal(0)))
    found[customer] = (before[0] + invoiced, before[1] + collected)


STREAMS = {ENDPOINTS[name].key: name for name in ENDPOINTS}
COLUMNS = {name: Columns(name, ENDPOINTS[name], classes={}) for name in ENDPOINTS}
BOOKS = {
    "organisation": [{"organisation_id": "o", "base_currency": "USD", "short_code": "!x"}],
    "accounts": [{"account_id": "a", "code": "200", "name": "Sales", "class": "REVENUE"}],
}


class Landed:
    """What the tap and the staging make of the books."""

    def __init__(self, rows):
        raw = dict(BOOKS)
        for listing, found in rows.items():
            stream = STREAMS[listing]
            raw[stream] = [
                COLUMNS[stream].record(row) for row in WIRE.decode(encode({"rows": found}))["rows"]
            ]
        with landed(**raw) as held:
            self.documents = {
                row["key"]: row for row in staged(held, "document") if row["status"] == "posted"
            }
            self.net = dict.fromkeys(self.documents, Decimal(0))
            for line in staged(held, "line"):
                if line["document_key"] in self.net and line["line_class"] == "revenue":
                    self.net[line["document_key"]] += line["net"]
            self.allocations = staged(held, "allocation")

    def figures(self, until):
        found = {}
        for key, row in self.documents.items():
            if row["date"] > until:
                continue
            assert row["rate_direction"] == "divide"
            is_home = row["currency"] == row["home_currency"]  # where Xero may leave the rate out
            sign = 1 if row["kind"] == "invoice" else -1
            value = cents(self.net[key] / (1 if is_home else row["rate"]))
            customer = row["customer_key"].rpartition("/")[2]
            add(found, customer, sign * value, sign * cents(value * self.settled(key, until) / row["gross"]))
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


def staged(held, entity):
    """Run an entity's staging files; deleted rows are left out, as the models leave them out."""
    rows = []
    for name in (name for name in FILES if entity_of(name) == entity):
        cursor = held.execute(
            f"SELECT * EXCLUDE (updated_at, deleted_at) FROM ({statement_of(name)}) WHERE deleted_at IS NULL"
        )
        names = [column[0] for column in cursor.description]
        rows += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return rows


AMOUNTS = st.integers(min_value=1, max_value=5_000_00).map(lambda n: Decimal(n) / 100)
DAYS = st.integers(min_value=0, max_value=60)
PICK = st.integers(min_value=0, max_value=50)
CHANGES = st.integers(min_value=0, max_value=9).map(lambda n: Decimal(n) / 100)
WRITE = st.tuples(
    st.just("write"),
    st.sampled_from([False, False, True]),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from(["USD", "USD", "EUR", "JPY"]),
    DAYS,
    AMOUNTS,
    AMOUNTS.map(lambda amount: cents(amount / 12)),
    st.booleans(),
)
STEPS = st.one_of(
    WRITE,
    st.tuples(st.just("edit"), PICK, DAYS, AMOUNTS),
    st.tuples(st.just("recur"), PICK, st.sampled_from(list(RATES)), CHANGES),
    st.tuples(
        st.just("pay"),
        PICK,
        DAYS,
        st.sampled_from([30, 50, 100]),
        st.sampled_from(["Payment", "Payment", "Prepayment", "Overpayment"]),
    ),
    st.tuples(st.just("credit"), PICK, PICK, DAYS),
    st.tuples(st.just("undo"), PICK),
    st.tuples(st.just("end"), PICK, st.sampled_from(["VOIDED", "DELETED", "DRAFT"])),
)


def do(ledger, step):
    name, *more = step
    if name in {"write", "undo"}:
        getattr(ledger, name)(*more)
    elif name == "credit":
        notes = [paper for paper in ledger.papers if paper.is_note]
        bills = [paper for paper in ledger.papers if not paper.is_note]
        if notes and bills:
            ledger.credit(notes[more[0] % len(notes)], bills[more[1] % len(bills)], more[2])
    elif ledger.papers:
        getattr(ledger, name)(ledger.papers[more[0] % len(ledger.papers)], *more[1:])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(WRITE, min_size=2, max_size=5), st.lists(STEPS, min_size=4, max_size=16))
def test_any_sequence_gives_the_figures_of_a_plain_ledger(first, steps):
    ledger = Ledger()
    for step in [*first, *steps]:
        do(ledger, step)

    landed = Landed(ledger.rows())

    for days in (0, 20, 40, 200):
        until = START + timedelta(days=days)
        assert landed.figures(until) == ledger.expected(until)
    for key, row in landed.documents.items():
        assert row["net"] == landed.net[key]
        assert row["gross"] - landed.settled(key) == row["balance"]
