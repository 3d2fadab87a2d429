"""What can be wrong with a ledger that answers well: each trouble as its vendor would show it."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

#: Vendor → listings of documents, and of what settles them.
DOCUMENTS = {
    "quickbooks": ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment"),
    "xero": ("Invoices", "CreditNotes", "Payments", "Prepayments", "Overpayments"),
    "odoo": ("account.move", "account.move.line", "account.payment", "account.partial.reconcile"),
}
#: Vendor → where the company stands, and which of its names we remember.
COMPANY = {
    "quickbooks": ("CompanyInfo", "CompanyName"),
    "xero": ("Organisation", "Name"),
    "odoo": ("res.company", "name"),
}
DAY = timedelta(days=1)


class Ledger:
    """The rows of a simulated ledger, without its manners."""

    def __init__(self, vendor: str, simulator: Any) -> None:
        self.vendor, self.simulator = vendor, simulator

    @property
    def rows(self) -> dict[str, dict[Any, dict[str, Any]]]:
        """Every row by listing and id."""
        if self.vendor == "odoo":
            tables = self.simulator._engine.databases["books"].tables  # noqa: SLF001
            return {name: table.rows for name, table in tables.items()}
        if self.vendor == "xero":
            return self.simulator.engine.books.tables
        return self.simulator._service.books.tables  # noqa: SLF001

    def kept(self) -> dict[str, dict[Any, dict[str, Any]]]:
        """Return all rows as they are now."""
        return copy.deepcopy(self.rows)

    def put_back(self, kept: dict[str, dict[Any, dict[str, Any]]]) -> None:
        """Hold again what `kept` returned."""
        for name, rows in self.rows.items():
            rows.clear()
            rows.update(copy.deepcopy(kept[name]))
        self._forget_order()

    def nothing(self) -> None:
        """Show no document."""
        for name in DOCUMENTS[self.vendor]:
            self.rows[name].clear()
        self._forget_order()

    def half(self) -> None:
        """Show every other document."""
        for name in DOCUMENTS[self.vendor]:
            for key in sorted(self.rows[name])[::2]:
                del self.rows[name][key]
        self._forget_order()

    def zeros(self) -> None:
        """Show every document with amounts of 0."""
        for name in DOCUMENTS[self.vendor]:
            for row in self.rows[name].values():
                _zero(row)
                self._stamp(row, self.simulator.now())

    def another(self) -> None:
        """Be the books of another company."""
        name, field = COMPANY[self.vendor]
        for row in self.rows[name].values():
            row[field] = "Another Company Ltd"
            self._stamp(row, self.simulator.now())

    def yesterday(self) -> None:
        """Be a copy that was made yesterday: no row knows of a change since then."""
        for rows in self.rows.values():
            for row in rows.values():
                if (moment := self._stamped(row)) is not None:
                    self._stamp(row, moment - DAY)

    def _stamped(self, row: dict[str, Any]) -> datetime | None:
        if self.vendor == "quickbooks":
            text = row.get("MetaData", {}).get("LastUpdatedTime")
            return datetime.fromisoformat(text) if text else None
        return row.get("UpdatedDateUTC" if self.vendor == "xero" else "write_date") or None

    def _stamp(self, row: dict[str, Any], moment: datetime) -> None:
        before = self._stamped(row)
        if before is None:
            return
        moment = moment.astimezone(before.tzinfo) if before.tzinfo else moment.replace(tzinfo=None)
        if self.vendor == "quickbooks":
            row["MetaData"]["LastUpdatedTime"] = moment.isoformat(timespec="seconds")
        else:
            row["UpdatedDateUTC" if self.vendor == "xero" else "write_date"] = moment

    def _forget_order(self) -> None:
        if self.vendor == "odoo":
            for table in self.simulator._engine.databases["books"].tables.values():  # noqa: SLF001
                table._keys = None  # noqa: SLF001


def _zero(part: Any) -> None:
    """Set every amount within to 0; a rate is none."""
    for key, value in [*(part.items() if isinstance(part, dict) else enumerate(part))]:
        if isinstance(value, dict | list):
            _zero(value)
        elif isinstance(value, Decimal | float) and "Rate" not in str(key):
            part[key] = type(value)(0)
