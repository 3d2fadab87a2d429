"""The books: customers, documents with their lines, payments, settlements, vendor bills, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.odoo.mapping.moves import Moves
from closedloop.sandbox.odoo.mapping.rows import Rows
from closedloop.sandbox.odoo.mapping.settlements import Settlements

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.world import Customer, World

MOVE_FIELDS = ("x_opportunity | char | | Opportunity", "x_po | char | | Purchase Order")
#: Key, code, name and type of the accounts in use. A line's class is told by the type of its account.
ACCOUNTS = (
    ("receivable", "121000", "Account Receivable", "asset_receivable"),
    ("outstanding", "101403", "Outstanding Receipts", "asset_current"),
    ("payable", "211000", "Account Payable", "liability_payable"),
    ("tax", "251000", "Tax Received", "liability_current"),
    ("pass_through", "231000", "Customer Deposits", "liability_current"),
    ("revenue", "400000", "Product Sales", "income"),
    ("gain", "441000", "Foreign Exchange Gain", "income"),
    ("cost", "600000", "Events and Fairs", "expense"),
    ("write_off", "620000", "Bad Debts", "expense"),
    ("loss", "641000", "Foreign Exchange Loss", "expense"),
)
JOURNALS = (("sale", "INV", "Sales"), ("purchase", "BILL", "Purchases"), ("bank", "BNK1", "Bank"))
EXCHANGE = ("general", "EXCH", "Exchange Difference")


def fill_books(
    world: World,
    database: Database,
    keys: dict[str, dict[str, str]],
    *,
    empty: bool = False,
    no_events: bool = False,
) -> None:
    """Write the ledger's part of ``world`` into ``database`` and the ids into ``keys``.

    The books are the same however little the CRM holds: ``empty`` and ``no_events`` are the CRM's.
    """
    del empty, no_events
    rows = Rows(world, database, keys)
    rows.custom("account.move", MOVE_FIELDS)
    rows.describe()
    _set_up(rows)
    for customer in world.customers:
        _customer(rows, customer)
    moves = Moves(rows)
    moves.documents()
    moves.bills()
    settlements = Settlements(rows, moves)
    settlements.payments()
    settlements.allocations()


def _set_up(rows: Rows) -> None:
    world = rows.world
    rows.currencies()
    rows.countries(customer.country for customer in world.customers)
    rows.company()
    for rate in world.rates:
        values = {
            "name": rate.day,
            "currency_id": rows.ids[rate.currency],
            "company_id": 1,
            "rate": float(rate.rate),
            "company_rate": float(rate.rate),
        }
        rows.add("res.currency.rate", values, at=rows.noon(rate.day))
    for key, code, name, type_ in ACCOUNTS:
        values = {
            "code": code,
            "name": name,
            "account_type": type_,
            "reconcile": key in {"receivable", "payable"},
        }
        rows.ids[f"account:{key}"] = rows.add("account.account", values)
    for type_, code, name in (*JOURNALS, EXCHANGE):
        rows.ids[f"journal:{type_}"] = rows.add(
            "account.journal", {"name": name, "code": code, "type": type_}
        )
    for percent in sorted({document.tax_percent for document in world.documents if document.tax_percent}):
        values = {"name": f"{percent}%", "amount": float(percent), "type_tax_use": "sale"}
        rows.ids[f"tax:{percent}"] = rows.add("account.tax", values)
    _analytic_accounts(rows)


def _analytic_accounts(rows: Rows) -> None:
    """One for each event, by its code: what a vendor's bill is tagged with."""
    rows.ids["plan"] = rows.add("account.analytic.plan", {"name": "Project"}, id_=1)
    names = {line.event_code: line.event_code for line in rows.world.cost_lines}
    names |= {event.code: event.name for event in rows.world.events}
    for code, name in names.items():
        values = {"name": name, "code": code, "plan_id": rows.ids["plan"], "company_id": 1}
        rows.ids[f"analytic:{code}"] = rows.add("account.analytic.account", values)


def _customer(rows: Rows, customer: Customer) -> None:
    values = {
        "name": customer.name,
        "is_company": True,
        "email": customer.email,
        "phone": customer.phone,
        "website": customer.website,
        "street": customer.street,
        "city": customer.city,
        "zip": customer.postal_code,
        "country_id": rows.ids[f"country:{customer.country}"],
        "country_code": customer.country,
        "vat": customer.tax_id,
        "ref": customer.external_id,
        "currency_id": rows.ids[customer.currency],
        "customer_rank": 1,
        "supplier_rank": 0,
    }
    rows.partner(values, kind="customer", key=customer.key, at=customer.created_at)
