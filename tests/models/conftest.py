from datetime import UTC, date, datetime

import pytest
from tests.models import edges, examples, kit
from tests.models.kit import attended, event, paid, sale


def day(month, number):
    return date(2026, month, number)


def at(month, number, hour=18):
    return datetime(2026, month, number, hour, tzinfo=UTC)


def company(n, name, **more):
    """Return an account and the ledger customer that shares its tax id."""
    tax_id = f"US 12-3456{n}7"
    account = {"key": f"a{n}", "name": name, "tax_id": tax_id, **more}
    return account, {"key": f"c{n}", "name": f"{name} Inc.", "tax_id": tax_id.replace(" ", "")}


def contact(key, account, **more):
    return {
        "key": key,
        "kind": "contact",
        "name": f"Pat {key}",
        "email": f"{key}@x.example",
        "account_key": account,
        **more,
    }


def deal(key, account, created, *, closed=None, won=False, amount="100.00", **more):
    return {
        "key": key,
        "name": f"Deal {key}",
        "account_key": account,
        "amount": amount,
        "currency": "USD",
        "probability": "0.25",
        "is_closed": closed is not None,
        "is_won": won,
        "created_at": created,
        "closed_at": closed,
        **more,
    }


def worked_rows():
    """Return a year of six companies, each a worked example computed by hand in `test_figures`."""
    pairs = [company(n, name) for n, name in enumerate(("Acme", "Beta", "Gamma", "Delta", "Echo"), start=1)]
    sales = [
        # Acme: two events, a deal, a part payment, and a credit note that names its invoice.
        sale(
            "i1",
            "c1",
            day(3, 10),
            "1000.01",
            tax="80.00",
            opportunity_ref="D-1",
            balance="216.01",
            due_date=day(4, 9),
        ),
        sale(
            "cn1",
            "c1",
            day(4, 15),
            "300.00",
            tax="24.00",
            kind="credit_note",
            credited_document_key="i1",
            balance="0",
        ),
        # Beta: a credit note allocated to two invoices with a rest; a late document without a deal.
        sale("i2", "c2", day(3, 10), "100.00", balance="96.33"),
        sale("i3", "c2", day(3, 12), "100.00", balance="96.34"),
        sale("cn2", "c2", day(3, 20), "10.01", tax="0.99", kind="credit_note", balance="3.67"),
        sale("i4", "c2", day(5, 20), "70.00"),
        # Gamma: deals found by amount and guessed.
        sale("i5", "c3", day(3, 15), "505.00"),
        sale("i6", "c3", day(4, 20), "450.00"),
        sale("i7", "c3", day(5, 20), "60.00"),
        # Delta: nobody touched it. Currencies, classes, kinds and states.
        sale("i8", "c4", day(2, 1), "100.00", home="117.35", currency="EUR"),
        sale("i9", "c4", day(2, 1), "33.33", currency="EUR", rate="1.17", rate_direction="multiply"),
        sale("i10", "c4", day(2, 1), "10.00", currency="EUR", rate="0.85", rate_direction="divide"),
        sale("i11", "c4", day(2, 1), "77.00", currency="EUR"),
        sale(
            "i12",
            "c4",
            day(2, 2),
            "100.00",
            lines=[("revenue", "60.00", None), ("pass_through", "40.00", None)],
        ),
        sale("i13", "c4", day(2, 2), "1000", currency="JPY", rate="0.0067", rate_direction="multiply"),
        sale("i14", "c4", day(2, 3), "25.00", kind="sales_receipt", balance="0"),
        sale("i15", "c4", day(2, 10), "50.00", balance="0"),
        sale(
            "cn4",
            "c4",
            day(3, 10),
            "50.00",
            kind="credit_note",
            balance="0",
            lines=[("write_off", "50.00", None)],
        ),
        sale("r1", "c4", day(3, 1), "5.00", kind="refund", balance="0"),
        sale("i16", "c4", day(2, 3), "999.00", status="draft"),
        sale("i17", "c4", day(2, 3), "999.00", status="void"),
        sale("i18", "c4", day(7, 15), "999.00"),
        sale("i19", "c4", day(2, 4), "999.00", deleted_at=at(2, 5)),
        sale("i21", "c4", day(2, 5), "10.00", currency="EUR", home_currency="EUR"),
        sale("i22", "c4", day(2, 20), "10.00", currency="EUR", home_currency="EUR"),
        # Echo: a repeating invoice; the second one names no deal.
        sale("i23", "c5", day(2, 1), "100.00", opportunity_ref="o5", repeating_key="R", balance="0"),
        sale("i24", "c5", day(3, 1), "100.00", repeating_key="R"),
        # A customer that nobody knows.
        sale("i20", "c9", day(2, 1), "12.34"),
    ]
    return {
        "campaign": [
            event("e1", day(1, 10), day(1, 11), actual_cost="500.00", code="E1"),
            event("e2", day(2, 10), code="E2"),
            event("e3", day(3, 5)),
            event("e9", day(8, 1), actual_cost="100.00"),
        ],
        "account": [pair[0] for pair in pairs],
        "customer": [*(pair[1] for pair in pairs), {"key": "c9", "name": "Nobody knows"}],
        "person": [contact(f"p{n}", f"a{n}") for n in range(1, 6)] + [contact("p1b", "a1")],
        "touch": [
            attended("t1", "e1", "p1", occurred_at=at(1, 11)),
            attended("t2", "e2", "p1"),
            attended("t3", "e2", "p1b"),
            attended("t4", "e1", "p2"),
            attended("t5", "e2", "p3"),
            attended("t6", "e1", "p5"),
            {**attended("t7", "e3", "p1"), "status": "registered"},
        ],
        "opportunity": [
            deal("o1", "a1", at(1, 20), closed=at(3, 1), won=True, amount="1000.00", number="D-1", person_key="p1"),
            deal("o2", "a2", at(2, 1), closed=at(2, 20)),
            deal("o3", "a3", at(2, 1), closed=at(3, 1), won=True, amount="500.00"),
            deal("o4", "a3", at(3, 2), closed=at(4, 1), won=True, amount="900.00"),
            deal("o5", "a5", at(1, 15), closed=at(1, 31), won=True),
            deal("o6", "a5", at(2, 15), amount="333.33"),
        ],
        "document": [pair[0] for pair in sales],
        "line": [line for pair in sales for line in pair[1]],
        "allocation": [
            paid("x1", "i1", day(4, 1), "540.00"),
            paid("x2", "i1", day(4, 15), "324.00", credit="cn1"),
            paid("x3", "cn1", day(4, 15), "324.00", credit="i1"),
            paid("x4", "i2", day(3, 20), "3.67", credit="cn2"),
            paid("x5", "cn2", day(3, 20), "3.67", credit="i2"),
            paid("x6", "i3", day(3, 20), "3.66", credit="cn2"),
            paid("x7", "cn2", day(3, 20), "3.66", credit="i3"),
            paid("x8", "i15", day(3, 1), "50.00", credit="cn4"),
            paid("x9", "cn4", day(3, 1), "50.00", credit="i15"),
            paid("x10", "i23", day(2, 1), "100.00"),
        ],
        "rate": [
            {"key": "r", "currency": "EUR", "home_currency": "USD", "date": day(2, 1), "rate": "1.10", "direction": "multiply"},
            # A CRM's own table for the same day, changed later: the ledger's is the one its books agree with.
            {"key": "r-crm", "source": "crm", "currency": "EUR", "home_currency": "USD", "date": day(2, 1), "rate": "9.99",
             "direction": "multiply", "updated_at": at(6, 1)},
        ],
        "cost_line": [
            {"key": "l1", "campaign_code": "e2", "date": day(2, 11), "net": "250.00", "status": "posted"},
            {"key": "l2", "campaign_code": "E2", "date": day(2, 11), "net": "50.00", "status": "posted"},
            {"key": "l3", "campaign_code": "E2", "date": day(2, 11), "net": "900.00", "status": "draft"},
            {"key": "l4", "campaign_code": "E1", "date": day(2, 11), "net": "900.00", "status": "posted"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="session")
def worked(tmp_path_factory):
    """The worked examples, reconciled: (world, what reconcile returned)."""
    world = kit.build(tmp_path_factory.mktemp("worked"), worked_rows())
    yield world, world.reconcile()
    world.close()


@pytest.fixture(scope="session")
def books(tmp_path_factory):
    """The companies of `examples` and of `edges`, reconciled once."""
    world = kit.build(tmp_path_factory.mktemp("books"), examples.rows(*edges.CASES), **examples.SETTINGS)
    examples.decide(world)
    world.reconcile()
    yield world
    world.close()


@pytest.fixture(scope="session")
def aged(tmp_path_factory):
    """The world of `aged` and `windows`, reconciled."""
    from tests.models import windows
    from tests.models.aged import Rows, add

    made = Rows()
    add(made)
    windows.add(made)
    world = kit.build(tmp_path_factory.mktemp("aged"), made.tables)
    world.reconcile()
    yield world
    world.close()
