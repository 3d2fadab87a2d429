"""One small company whose every figure was worked out by hand from the wording of the definitions.

``ROWS`` is what its systems hold; the test modules beside this one say what must come out of them. The last day is
30 June 2026, the company's zone America/Chicago, its money US dollars.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from tests.models.kit import attended, event, paid, sale

#: What the admin set: an own model beside the presets, a margin, a share of overhead.
SETTINGS = {
    "company": {"currency": "USD", "time_zone": "America/Chicago", "gross_margin": "0.6"},
    "attribution": {"models": {"mine": {"first": 40, "lead": 20, "opportunity": 0, "close": 0, "rest": 40}}},
    "events": {"indirect_share": "0.1"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One expectation: what ``sql`` gives, one value a row, or a tuple where it has several columns."""

    of: str
    sql: str
    expected: tuple

    def found(self, world):
        rows = world.store.query(self.sql)
        return tuple(row[0] if len(row) == 1 else tuple(row) for row in rows)


def row(expected):
    """Return the one row of the columns' values, as `Example.found` gives it."""
    values = tuple(expected.values())
    return values if len(values) == 1 else (values,)


def day(month, number, year=2026):
    return date(year, month, number)


def at(month, number, hour=18, year=2026):
    return datetime(year, month, number, hour, tzinfo=UTC)


def company(key, name, **more):
    """Return an account and a ledger customer with the same tax number, which links them."""
    tax_id = "US" + "".join(f"{ord(letter) % 100:02d}" for letter in f"{key:>4}")
    return {"key": f"a-{key}", "name": name, "tax_id": tax_id, **more}, {
        "key": f"c-{key}",
        "name": f"{name} Inc.",
        "tax_id": tax_id,
    }


def contact(key, account, **more):
    return {"key": key, "kind": "contact", "name": f"Pat {key}", "email": f"{key}@mail.example",
            "account_key": account, **more}  # fmt: skip


def deal(key, account, created, closed=None, *, won=False, amount="100.00", probability="0.25", **more):
    return {
        "key": key, "name": key, "account_key": account, "amount": amount, "currency": "USD",
        "probability": probability, "is_closed": closed is not None, "is_won": won, "created_at": created,
        "closed_at": closed, "number": key.upper(), **more,
    }  # fmt: skip


class Books:
    """Collects rows by entity."""

    def __init__(self):
        self.rows = {}

    def add(self, entity, *records):
        self.rows.setdefault(entity, []).extend(records)

    def company(self, key, name, **more):
        account, customer = company(key, name, **more)
        self.add("account", account)
        self.add("customer", customer)

    def sale(self, *given, **more):
        document, lines = sale(*given, **more)
        self.add("document", document)
        self.add("line", *lines)

    def credit(self, key, document, credit, when, amount):
        """Settle ``document`` and the credit note with each other, as ledgers hold it: a row for either side."""
        self.add(
            "allocation",
            paid(key, document, when, amount, credit=credit),
            paid(f"{key}'", credit, when, amount, credit=document),
        )


def rows(*more):
    """Return the rows of the whole company, and of what other builders add."""
    books = Books()
    for part in (money, touches, journey, shapes, deals, stand, past, *more):
        part(books)
    return books.rows


def decide(world):
    """What people decided: one scan belongs to another account than its mailbox says."""
    world.decide("touch_account", "t-l", "a-oth")


def money(books):
    """Definitions 1 to 5, and what is left over."""
    books.company("mon", "Monarch")
    books.add("rate", {"key": "r1", "currency": "EUR", "home_currency": "USD", "date": day(3, 1), "rate": "1.25",
                       "direction": "multiply"})  # fmt: skip
    eur = {"currency": "EUR"}
    books.sale("m1", "c-mon", day(2, 1), "0.30", tax="0.07", rate="1.15", rate_direction="multiply", **eur)
    books.sale("m2", "c-mon", day(2, 1), "10.00", rate="0.85", rate_direction="divide", **eur)
    books.sale(
        "m3",
        "c-mon",
        day(2, 1),
        "0.30",
        kind="refund",
        balance="0",
        rate="1.15",
        rate_direction="multiply",
        **eur,
    )
    books.sale("m4", "c-mon", day(3, 8), "0.02", home_currency="EUR", **eur)
    books.sale("m5", "c-mon", day(3, 9), "0.02", home_currency="EUR", **eur)
    mixed = [("revenue", "60.00", None), ("pass_through", "40.00", None)]
    books.sale("m6", "c-mon", day(2, 2), "100.00", lines=mixed)
    books.sale("m7", "c-mon", day(2, 3), "10.00", status="draft")
    # Collected: 100.00 and 8.00 tax, paid in three parts of 36.00; a part is the difference of two cumulatives.
    books.company("col", "Collector")
    books.sale("m8", "c-col", day(2, 1), "100.01", tax="7.99", balance="0")
    for number, month in ((1, 3), (2, 4), (3, 5)):
        books.add("allocation", paid(f"x8{number}", "m8", day(month, 1), "36.00"))
    # An invoice of 50.00 that is given up: the note counts nothing, and takes back what it settled.
    books.sale("m9", "c-col", day(2, 10), "50.00", balance="0")
    books.sale(
        "m10",
        "c-col",
        day(3, 10),
        "50.00",
        kind="credit_note",
        lines=[("write_off", "50.00", None)],
        balance="0",
    )
    books.credit("x9", "m9", "m10", day(3, 10), "50.00")
    # A receipt of 90.00 of which 20.00 found its invoice before the last day, and 30.00 later.
    books.sale("m11", "c-col", day(2, 11), "50.00", balance="0")
    books.add("payment", {"key": "pay1", "customer_key": "c-col", "date": day(2, 20), "currency": "USD",
                          "amount": "90.00", "direction": "in", "status": "posted"})  # fmt: skip
    books.add("allocation", {**paid("x11", "m11", day(2, 20), "20.00"), "payment_key": "pay1"})
    books.add("allocation", {**paid("x12", "m11", day(7, 20), "30.00"), "payment_key": "pay1"})
    # Two customers of one account; one customer that nobody knows.
    books.add(
        "customer",
        {"key": "c-col2", "name": "Collector West", "tax_id": books.rows["customer"][-1]["tax_id"]},
    )
    books.sale("m12", "c-col2", day(2, 12), "7.00", tax="0.56", balance="2.56")
    books.add("allocation", paid("x13", "m12", day(3, 1), "5.00"))
    books.add("customer", {"key": "c-none", "name": "Nobody knows"})
    books.sale("m13", "c-none", day(2, 12), "12.34")
    # Money at other rates: 100.00 EUR at 1.10 are 110.00; the payment came when they were worth 125.00.
    books.company("fx", "Foreign Trade")
    books.sale(
        "m14", "c-fx", day(2, 20), "100.00", rate="1.10", rate_direction="multiply", balance="0", **eur
    )
    books.add("payment", {"key": "pay2", "customer_key": "c-fx", "date": day(3, 2), "currency": "EUR",
                          "amount": "100.00", "direction": "in", "status": "posted"})  # fmt: skip
    books.add("allocation", {**paid("x14", "m14", day(3, 2), "100.00"), "payment_key": "pay2"})


def touches(books):
    """Definitions 6 to 9: an event on 10, 11 and 12 March."""
    books.add("campaign", event("t1", day(3, 10), day(3, 12)))
    books.company("tou", "Touchstone", website="https://touchstone.example")
    books.company("oth", "Other Works")
    for key in ("ta", "tb", "tc", "td", "te", "tf", "tg", "th"):
        books.add("person", contact(key, "a-tou"))
    scans = {
        "ta": at(3, 11),
        "tb": at(3, 13),
        "tc": at(3, 15),
        "td": at(3, 9),
        "te": at(3, 12, 4),
        "tf": None,
    }
    for key, when in scans.items():
        books.add("touch", attended(f"t-{key}", "t1", key, occurred_at=when))
    books.add(
        "touch",
        # One person three times: registered, scanned under her mailbox typed otherwise, and again.
        {**attended("t-g1", "t1", "tg"), "status": "registered"},
        attended("t-g2", "t1", None, email=" TG@mail.example", occurred_at=at(3, 12)),
        attended("t-g3", "t1", "tg", occurred_at=at(3, 11)),
        {**attended("t-h", "t1", "th"), "status": "no_show"},
        {**attended("t-i", "t1", None, email="ivy@elsewhere.example"), "status": "responded"},
        # Nothing to know anybody by: attended, but no lead.
        attended("t-j", "t1"),
        # Nobody's record, but the mailbox of an account; and the same against a person's decision.
        attended("t-k", "t1", None, email="kim@touchstone.example", company="Touchstone"),
        attended("t-l", "t1", None, email="lou@touchstone.example", company="Touchstone"),
        {**attended("t-m", "t1", None, email="max@touchstone.example"), "status": "cancelled"},
    )


def journey(books):
    """Definitions 11 and 12: five events, the first contact on 20 February, the deal of 20 March, won on 30 April."""
    for key, when in (
        ("j1", day(1, 10)),
        ("j2", day(1, 20)),
        ("j3", day(2, 10)),
        ("j4", day(3, 10)),
        ("j5", day(4, 10)),
    ):
        books.add("campaign", event(key, when, actual_cost="200.00" if key == "j1" else None))
        books.add("touch", attended(f"t-{key}", key, "pj"))
    books.add("campaign", event("j6", day(5, 5)), event("j0", day(3, 19, 2025)))
    books.add("touch", attended("t-j6", "j6", "pj"), attended("t-j0", "j0", "pj"))
    books.company("jou", "Journey Ltd")
    books.add(
        "person", contact("pj", "a-jou", created_at=at(2, 20)), contact("pj2", "a-jou", created_at=at(3, 15))
    )
    books.add("touch", attended("t-j1b", "j1", "pj2"))
    books.add("opportunity", deal("dj", "a-jou", at(3, 20), at(4, 30), won=True, amount="1000.00"))
    books.sale("ij", "c-jou", day(5, 15), "1000.03", opportunity_ref="DJ")
    books.sale("nj", "c-jou", day(6, 1), "300.01", kind="credit_note", credited_document_key="ij")


def shapes(books):
    """Definition 12 where parts are absent or fade; no deals."""
    books.add("campaign", event("k1", day(1, 15)), event("k2", day(4, 15)))
    books.company("kal", "Kalos")
    books.add("person", contact("pk", "a-kal"))
    books.add("touch", attended("t-k1", "k1", "pk"), attended("t-k2", "k2", "pk"))
    books.sale("ik", "c-kal", day(4, 15), "100.00", tax="8.00", balance="0")
    for month in (4, 5, 6):
        books.add("allocation", paid(f"xk{month}", "ik", day(month, 20), "36.00"))


def deals(books):
    """Definitions 10 and 13."""
    books.add("campaign", event("d1", day(1, 5)))
    books.company("dea", "Dealers")
    books.add("person", contact("pd", "a-dea"))
    books.add("touch", attended("t-d1", "d1", "pd"))
    books.add(
        "opportunity",
        deal("dd1", "a-dea", at(1, 20), at(2, 1), won=True, amount="1000.00", po="PO 77"),
        deal("dd2", "a-dea", at(2, 5), at(3, 1), won=True, amount="500.00"),
        deal("dd3", "a-dea", at(3, 5), at(4, 1), won=True, amount="900.00"),
    )
    books.sale("id1", "c-dea", day(2, 5), "400.00", po="PO 77", balance="394.60")
    books.sale("id2", "c-dea", day(2, 6), "30.00", opportunity_ref="DD1", repeating_key="R1")
    books.sale("id3", "c-dea", day(3, 6), "30.00", repeating_key="R1")
    books.sale("id4", "c-dea", day(3, 10), "490.00")
    books.sale("id5", "c-dea", day(4, 10), "120.00")
    books.sale("id6", "c-dea", day(1, 1, 2025), "8.00", balance="6.00")
    # A credit note of 10.00 and 0.80 tax, used for 5.40 of one and 2.00 of another invoice.
    books.sale("nd", "c-dea", day(5, 1), "10.00", tax="0.80", kind="credit_note", balance="3.40")
    books.credit("xd1", "id1", "nd", day(5, 1), "5.40")
    books.credit("xd2", "id6", "nd", day(5, 2), "2.00")


def stand(books):
    """The table of the figures of an event: 2 and 3 February, budget 350.00, cost 300.00."""
    books.add("campaign", event("p1", day(2, 2), day(2, 3), actual_cost="300.00", budget="350.00", kind="trade_show",
                                series="Pine", edition="2026", owner_key="u1"))  # fmt: skip
    books.add(
        "owner", {"key": "u1", "name": "Una", "email": "una@ours.example", "is_active": True, "kind": "user"}
    )
    stages = (("s1", 1, False), ("s2", 2, False), ("s3", 3, True))
    books.add(
        "stage",
        *(
            {"key": key, "name": key, "rank": rank, "is_won": won, "is_closed": won}
            for key, rank, won in stages
        ),
    )
    for key, name in (
        ("ald", "Alder"),
        ("bir", "Birch"),
        ("ced", "Cedar"),
        ("dog", "Dogwood"),
        ("elm", "Elm"),
        ("fir", "Fir"),
    ):
        books.company(key, name)
        books.add("person", contact(f"p-{key}", f"a-{key}"))
    books.add(
        "touch", *(attended(f"t-{key}", "p1", f"p-{key}") for key in ("ald", "bir", "ced", "dog", "elm"))
    )
    books.add(
        "touch",
        {**attended("t-fir1", "p1", "p-fir"), "status": "no_show"},
        {**attended("t-fir2", "p1", None, email="reg@mail.example"), "status": "registered"},
        {**attended("t-fir3", "p1", None, email="res@mail.example"), "status": "responded"},
        attended("t-fir4", "p1"),
    )
    # Alder bought before; one order afterwards without a deal, and one with.
    books.sale("ia1", "c-ald", day(12, 1, 2025), "50.00")
    books.sale("ia2", "c-ald", day(3, 1), "80.00")
    books.sale("ia3", "c-ald", day(3, 20), "60.00", opportunity_ref="OA")
    books.add("opportunity", deal("oa", "a-ald", at(3, 10), at(3, 15), won=True, amount="60.00"))
    # Birch bought at the stand, and then a big thing that was credited and billed again.
    books.sale("ib1", "c-bir", day(2, 2), "30.00", kind="sales_receipt", balance="0")
    books.sale("ib2", "c-bir", day(3, 11), "400.00", opportunity_ref="OB", balance="0")
    books.sale("nb", "c-bir", day(5, 1), "250.00", kind="credit_note", credited_document_key="ib2")
    books.sale("ib3", "c-bir", day(5, 20), "250.00", opportunity_ref="OB")
    books.add("allocation", paid("xb", "ib2", day(4, 10), "400.00"))
    books.add("opportunity", deal("ob", "a-bir", at(2, 10), at(3, 1), won=True, amount="400.00", person_key="p-bir",
                                  lead_source="Trade Show"))  # fmt: skip
    books.add(
        "opportunity_person", {"key": "ob/p", "opportunity_key": "ob", "person_key": "p-bir", "role": "buyer"}
    )
    books.add("activity", {"key": "act1", "kind": "call", "person_key": "p-bir", "owner_key": "u1", "at": at(2, 5)},
              {"key": "act2", "kind": "call", "person_key": "p-dog", "owner_key": "u1", "at": at(1, 5)})  # fmt: skip
    # Cedar had an open deal that rose a stage; Dogwood's was lost; Elm's is open.
    books.add(
        "opportunity",
        deal("oc", "a-ced", at(1, 10), amount="250.00", probability="0.5", stage_key="s2"),
        deal("od", "a-dog", at(3, 5), at(4, 5), amount="300.00", lead_source="Web"),
        deal("oe", "a-elm", at(3, 31), amount="101.01"),
    )
    books.add(
        "opportunity_change",
        {"key": "h1", "opportunity_key": "oc", "changed_at": at(2, 20), "field": "stage", "old_stage_key": "s1", "new_stage_key": "s2"},
        {"key": "h2", "opportunity_key": "oc", "changed_at": at(3, 1), "field": "amount", "old_amount": "100.00", "new_amount": "250.00"},
        {"key": "h3", "opportunity_key": "od", "changed_at": at(3, 6), "field": "amount", "old_amount": "0", "new_amount": "280.00"},
        {"key": "h4", "opportunity_key": "od", "changed_at": at(4, 1), "field": "amount", "old_amount": "280.00", "new_amount": "300.00"},
    )  # fmt: skip
    books.sale("ie", "c-elm", day(4, 1), "20.00")


def past(books):
    """The edition of the year before, 20 February 2025: Quince alone, and Alder's contact again."""
    books.add("campaign", event("q1", day(2, 20, 2025), actual_cost="100.00", kind="trade_show", series="Pine", edition="2025",
                                owner_key="u1"))  # fmt: skip
    books.company("qui", "Quince")
    books.add("person", contact("p-qui", "a-qui"))
    books.add("touch", attended("t-qui", "q1", "p-qui"), attended("t-ald0", "q1", "p-ald"))
    books.add(
        "opportunity",
        deal("oq1", "a-qui", at(4, 1, year=2025), at(6, 1, year=2025), won=True),
        deal("oq2", "a-qui", at(5, 1, year=2025)),
        deal("oq3", "a-qui", at(9, 1, year=2025), at(10, 1, year=2025)),
    )
    # Within a year before the deal, but more than a year before the document.
    books.sale("iq", "c-qui", day(3, 1), "100.00", opportunity_ref="OQ1")
