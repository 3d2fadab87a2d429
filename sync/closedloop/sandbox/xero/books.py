"""The world's ledger as Xero holds it: contacts, accounts, currencies and what documents are made from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.world import Customer, World

Row = dict[str, Any]

#: Kind of line → code, name, type and class of its account.
ACCOUNTS = {
    "bank": ("090", "Business Bank Account", "BANK", "ASSET"),
    "revenue": ("200", "Sales", "REVENUE", "REVENUE"),
    "cost": ("420", "Events and Fairs", "EXPENSE", "EXPENSE"),
    "write_off": ("478", "Bad Debts", "EXPENSE", "EXPENSE"),
    "receivable": ("610", "Accounts Receivable", "CURRENT", "ASSET"),
    "tax": ("820", "Sales Tax", "CURRLIAB", "LIABILITY"),
    "pass_through": ("835", "Customer Deposits", "CURRLIAB", "LIABILITY"),
}
TRACKING = "Event"
COUNTRIES = {"US": "United States", "DE": "Germany", "JP": "Japan"}
#: Name of a listing → name of its key.
KEYS = {
    "Organisation": "OrganisationID",
    "Currencies": "Code",
    "Accounts": "AccountID",
    "Items": "ItemID",
    "TaxRates": "TaxType",
    "TrackingCategories": "TrackingCategoryID",
    "Contacts": "ContactID",
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "Prepayments": "PrepaymentID",
    "Overpayments": "OverpaymentID",
    "ManualJournals": "ManualJournalID",
    "BankTransactions": "BankTransactionID",
}


def guid(key: str) -> str:
    """Return the id that stands for a key of the world: the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"closedloop:{key}"))


@dataclass(slots=True, kw_only=True)
class Books:
    """One organisation.

    Args:
        world: What it holds.
        now: The simulator's time at its start: nothing changed later.
        tables: Listing → id → row; days are dates, times aware, money decimal.
        keys: World key → ``object/id``, per kind of record.
    """

    world: World
    now: datetime
    tables: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in KEYS})
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    _added: int = 0

    def add(self, table: str, row: Row, *, day: date | None = None, kind: str = "", key: str = "") -> Row:
        """Add a row; its change lies at a time of its own on ``day``, but not in the future."""
        if day is not None:
            self._added += 1
            noon = datetime.combine(day, time(12), tzinfo=UTC)
            own = noon + timedelta(seconds=self._added % 3600, milliseconds=self._added % 1000)
            latest = self.now - timedelta(minutes=10, milliseconds=self._added % 1000)
            row["UpdatedDateUTC"] = min(own, latest)
        self.tables[table][row[KEYS[table]]] = row
        if kind:
            self.keys.setdefault(kind, {})[key] = f"{OBJECTS[table]}/{row[KEYS[table]]}"
        return row

    def money(self, amount: int, currency: str) -> Decimal:
        """Return minor units as Xero prints them."""
        digits = next(one.digits for one in self.world.currencies if one.code == currency)
        return Decimal(amount).scaleb(-digits)

    def party(self, key: str) -> Row:
        """Return a contact as it stands on other records."""
        contact = self.tables["Contacts"][guid(key)]
        empty: list[Row] = []
        return {
            "ContactID": contact["ContactID"],
            "Name": contact["Name"],
            "Addresses": empty,
            "Phones": empty,
            "ContactGroups": empty,
            "ContactPersons": empty,
            "HasValidationErrors": False,
        }

    def account(self, kind: str) -> Row:
        """Return how a line names its account."""
        return {"AccountCode": ACCOUNTS[kind][0], "AccountID": guid(f"account:{kind}")}


OBJECTS = {"Currencies": "Currency", "TrackingCategories": "TrackingCategory"} | {
    name: name.removesuffix("s") for name in KEYS if name not in {"Currencies", "TrackingCategories"}
}


def fill_settings(books: Books) -> None:
    """Add what Xero calls settings."""
    world, day = books.world, books.now.date() - timedelta(days=900)
    books.add("Organisation", _organisation(books))
    for currency in world.currencies:
        books.add("Currencies", {"Code": currency.code, "Description": currency.code})
    for kind, (code, name, type_, class_) in ACCOUNTS.items():
        row = {
            "AccountID": guid(f"account:{kind}"),
            "Code": code,
            "Name": name,
            "Type": type_,
            "Class": class_,
        }
        system = {"SystemAccount": "DEBTORS"} if kind == "receivable" else {}
        books.add("Accounts", {**row, **system, "Status": "ACTIVE", "TaxType": "NONE"}, day=day)
    for percent in sorted({document.tax_percent for document in world.documents}):
        rate = Decimal(percent)
        row = {"Name": f"{percent}%", "TaxType": tax_type(percent), "Status": "ACTIVE"}
        books.add("TaxRates", {**row, "DisplayTaxRate": rate, "EffectiveRate": rate})
    item = {"ItemID": guid("item"), "Code": "LIC", "Name": "Licence", "IsSold": True}
    books.add("Items", item, day=day)
    options = [
        {"TrackingOptionID": guid(f"option:{code}"), "Name": code, "Status": "ACTIVE"}
        for code in dict.fromkeys(line.event_code for line in world.cost_lines)
    ]
    category = {
        "TrackingCategoryID": guid("tracking"),
        "Name": TRACKING,
        "Status": "ACTIVE",
        "Options": options,
    }
    books.add("TrackingCategories", category)


def tax_type(percent: int) -> str:
    """Return the name of a rate of tax."""
    return f"TAX{percent:03}" if percent else "NONE"


def _organisation(books: Books) -> Row:
    return {
        "OrganisationID": guid("organisation"),
        "Name": books.world.company,
        "LegalName": books.world.company,
        "BaseCurrency": books.world.home_currency,
        "CountryCode": "US",
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12,
        "Timezone": "CENTRALSTANDARDTIME",
        "ShortCode": "!c1Ed-",
        "Edition": "BUSINESS",
        "Class": "PREMIUM",
        "CreatedDateUTC": datetime(2022, 1, 3, 9, tzinfo=UTC),
    }


def fill_contacts(books: Books) -> None:
    """Add customers, a supplier, and one contact that was merged into the first customer and archived."""
    for customer in books.world.customers:
        row = _contact(customer)
        books.add("Contacts", row, day=customer.created_at.date(), kind="customer", key=customer.key)
    day = books.now.date() - timedelta(days=400)
    supplier = _bare_contact("vendor", "Expo Partners") | {"IsSupplier": True}
    books.add("Contacts", supplier, day=day)
    for customer in books.world.customers[:1]:
        merged = _bare_contact("merged", f"{customer.name} (old)")
        merged |= {"ContactStatus": "ARCHIVED", "MergedToContactID": guid(customer.key)}
        books.add("Contacts", merged, day=day)


def _bare_contact(key: str, name: str) -> Row:
    return {
        "ContactID": guid(key),
        "ContactStatus": "ACTIVE",
        "Name": name,
        "EmailAddress": "",
        "Addresses": [_address("STREET"), _address("POBOX")],
        "Phones": [_phone(kind) for kind in ("DEFAULT", "DDI", "FAX", "MOBILE")],
        "ContactGroups": [],
        "IsSupplier": False,
        "IsCustomer": False,
        "ContactPersons": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
    }


def _contact(customer: Customer) -> Row:
    row = _bare_contact(customer.key, customer.name)
    country = COUNTRIES.get(customer.country, customer.country)
    given = {"AddressLine1": customer.street, "City": customer.city, "PostalCode": customer.postal_code}
    row["Addresses"] = [
        _address("STREET"),
        _address("POBOX") | {name: value or "" for name, value in given.items()} | {"Country": country},
    ]
    if customer.phone:
        row["Phones"][0]["PhoneNumber"] = customer.phone
    optional = {
        "EmailAddress": customer.email,
        "ContactNumber": customer.external_id,
        "TaxNumber": customer.tax_id,
        "Website": customer.website,
    }
    given = {name: value for name, value in optional.items() if value}
    owed = {"Outstanding": Decimal(0), "Overdue": Decimal(0)}
    own = {"IsCustomer": True, "DefaultCurrency": customer.currency, "Balances": {"AccountsReceivable": owed}}
    return row | given | own


def _address(kind: str) -> Row:
    return {"AddressType": kind, "City": "", "Region": "", "PostalCode": "", "Country": ""}


def _phone(kind: str) -> Row:
    return {"PhoneType": kind, "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}
