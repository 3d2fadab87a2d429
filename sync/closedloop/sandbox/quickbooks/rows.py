"""Writes the world's records into a simulated company: ids, stamps, names, money."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closedloop.sandbox.quickbooks.books import Books
    from closedloop.sandbox.world import World

#: A prime, so that objects of one day are spread over its seconds.
_SPREAD, _SECONDS = 7_919, 20_000
_PLACES = Decimal("0.000000000001")
#: Class of a line → name, type and sub-type of the account that its item books to.
ACCOUNTS = {
    "revenue": ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    "pass_through": ("Customer Deposits", "Other Current Liability", "OtherCurrentLiabilities"),
    "write_off": ("Bad Debts", "Expense", "BadDebts"),
    "discount": ("Discounts given", "Income", "DiscountsRefundsGiven"),
    "cost": ("Events and Fairs", "Expense", "AdvertisingPromotional"),
    "receivable": ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    "bank": ("Checking", "Bank", "Checking"),
}
_CLASSIFICATION = {"Income": "Revenue", "Expense": "Expense", "Other Current Liability": "Liability"}


class Rows:
    """A company being filled.

    Args:
        world: What is written.
        books: Where to.
        keys: World key → ``Entity/id``, per kind of record; grows.
    """

    def __init__(self, world: World, books: Books, keys: dict[str, dict[str, str]]) -> None:
        self.world = world
        self.books = books
        self.keys = keys
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.digits = {currency.code: currency.digits for currency in world.currencies}
        self.begin = datetime.combine(world.as_of, time(12), tzinfo=UTC) - timedelta(days=6 * 365)
        self._latest = datetime.combine(world.as_of, time(11, 50), tzinfo=UTC)
        self._stamps = 0
        self._templates: dict[str, str] = {}

    def add(
        self,
        entity: str,
        values: dict[str, Any],
        *,
        key: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        at: datetime | None = None,
        updated: datetime | None = None,
    ) -> str:
        """Add an object, remember its id under the world's key, and return the id."""
        made = self.books.add(entity, values, at=at or self.begin, updated=updated)
        if key is not None:
            self.ids[key] = made
            if name is not None:
                self.names[key] = name
            if kind is not None:
                self.keys.setdefault(kind, {})[key] = f"{entity}/{made}"
        return made

    def noon(self, day: date) -> datetime:
        """Return a time about noon of a day, each its own; never after the simulator's clock starts."""
        self._stamps += 1
        shift = timedelta(seconds=self._stamps * _SPREAD % _SECONDS)
        return min(datetime.combine(day, time(9), tzinfo=self.books.zone) + shift, self._latest)

    def reference(self, key: str) -> dict[str, str]:
        """Return a reference to an object."""
        name = self.names.get(key)
        return {"value": self.ids[key], **({"name": name} if name else {})}

    def money(self, minor: int, currency: str) -> Decimal:
        """Return an amount in major units with the currency's decimals."""
        return Decimal(minor).scaleb(-self.digits[currency])

    def currency(self, code: str, rate: Decimal, *, home_gross: int | None = None) -> dict[str, Any]:
        """Return the properties of a transaction in a currency: home units for one foreign unit."""
        home = self.world.home_currency
        with localcontext(prec=40):
            printed = (1 / rate).quantize(_PLACES) if code != home else Decimal(1)
        values: dict[str, Any] = {"CurrencyRef": {"value": code, "name": code}, "ExchangeRate": printed}
        if home_gross is not None and code != home:
            values["HomeTotalAmt"] = self.money(home_gross, home)
        return values

    def account(self, key: str) -> str:
        """Return the key of an account, made when it is first needed."""
        name, kind, detail = ACCOUNTS[key]
        if f"account:{key}" not in self.ids:
            values = {
                "Name": name,
                "FullyQualifiedName": name,
                "AccountType": kind,
                "AccountSubType": detail,
                "Classification": _CLASSIFICATION.get(kind, "Asset"),
                "CurrencyRef": {"value": self.world.home_currency},
            }
            self.add("Account", values, key=f"account:{key}", name=name)
        return f"account:{key}"

    def item(self, name: str, line_class: str) -> str:
        """Return the key of the item that a line sells, made when it is first needed."""
        key = f"item:{line_class}:{name}"
        if key not in self.ids:
            title = name if line_class == "revenue" else f"{name} ({line_class})"
            values = {
                "Name": title,
                "FullyQualifiedName": title,
                "Type": "Service",
                "IncomeAccountRef": self.reference(self.account(line_class)),
            }
            self.add("Item", values, key=key, name=title)
        return key

    def template(self, repeating: str) -> str:
        """Return the id of the recurring transaction that a subscription's invoices come from."""
        return self._templates.setdefault(repeating, str(len(self._templates) + 1))

    def last_settled(self) -> dict[str, date]:
        """Return when each document was last settled: its balance changed then."""
        last: dict[str, date] = {}
        for allocation in self.world.allocations:
            for key in (allocation.document, allocation.credit):
                if key is not None:
                    last[key] = max(allocation.day, last.get(key, allocation.day))
        return last
