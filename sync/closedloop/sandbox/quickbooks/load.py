"""Fills a simulated company with the ledger's part of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.cash import Cash
from closedloop.sandbox.quickbooks.rows import Rows
from closedloop.sandbox.quickbooks.sales import fill_sales

if TYPE_CHECKING:
    from closedloop.sandbox.quickbooks.books import Books
    from closedloop.sandbox.world import Customer, World

_COUNTRIES = {"US": "USA", "DE": "Germany", "JP": "Japan"}


def fill(world: World, books: Books) -> dict[str, dict[str, str]]:
    """Write the ledger's part of ``world`` and return its keys: kind → world key → ``Entity/id``."""
    keys: dict[str, dict[str, str]] = {}
    rows = Rows(world, books, keys)
    _company(rows)
    for account in ("receivable", "bank", "revenue", "discount", "cost"):
        rows.account(account)
    codes = {cost.event_code: None for cost in world.cost_lines} | {
        event.code: None for event in world.events
    }
    for code in codes:
        rows.add("Class", {"Name": code, "FullyQualifiedName": code}, key=f"class:{code}", name=code)
    names: dict[str, int] = {}
    for customer in world.customers:
        names[customer.name] = names.get(customer.name, 0) + 1
        _customer(rows, customer, names[customer.name])
    fill_sales(rows)
    cash = Cash(rows)
    cash.payments()
    cash.costs()
    for rate in world.rates:
        values = {
            "SourceCurrencyCode": rate.currency,
            "TargetCurrencyCode": world.home_currency,
            "Rate": rows.currency(rate.currency, rate.rate)["ExchangeRate"],
            "AsOfDate": rate.day.isoformat(),
        }
        rows.add("ExchangeRate", values)
    return keys


def _company(rows: Rows) -> None:
    world = rows.world
    info = {
        "CompanyName": world.company,
        "LegalName": world.company,
        "Country": "US",
        "FiscalYearStartMonth": "January",
        "DefaultTimeZone": world.zone,
    }
    rows.add("CompanyInfo", {"Id": "1", **info})
    home = {"value": world.home_currency}
    rows.add(
        "Preferences", {"Id": "1", "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": home}}
    )


def _customer(rows: Rows, customer: Customer, copy: int) -> None:
    """Display names are unique: a second firm of one name gets a number."""
    name = customer.name if copy == 1 else f"{customer.name} {copy}"
    values: dict[str, Any] = {
        "DisplayName": name,
        "CompanyName": customer.name,
        "FullyQualifiedName": name,
        "PrintOnCheckName": name,
        "Taxable": True,
        "Job": False,
        "BillWithParent": False,
        "Level": 0,
        "CurrencyRef": {"value": customer.currency, "name": customer.currency},
        "BillAddr": _address(customer),
    }
    optional = {
        "PrimaryEmailAddr": {"Address": customer.email} if customer.email else None,
        "PrimaryPhone": {"FreeFormNumber": customer.phone} if customer.phone else None,
        "WebAddr": {"URI": customer.website} if customer.website else None,
        "PrimaryTaxIdentifier": customer.tax_id,
        "AcctNum": customer.external_id,
    }
    values |= {key: value for key, value in optional.items() if value}
    rows.add(
        "Customer",
        values,
        kind="customer",
        key=customer.key,
        name=name,
        at=min(customer.created_at, rows.noon(rows.world.as_of)),
    )


def _address(customer: Customer) -> dict[str, str]:
    known = {
        "Line1": customer.street,
        "City": customer.city,
        "PostalCode": customer.postal_code,
        "Country": _COUNTRIES.get(customer.country, customer.country),
        "Lat": "INVALID",
        "Long": "INVALID",
    }
    return {name: value for name, value in known.items() if value}
