"""What one company holds: objects by entity, with the stamps and the traces that QuickBooks leaves on them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.errors import QuickBooksError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

Row = dict[str, Any]

NAMES = ("Customer", "Vendor", "Item", "Account", "Class")
TRANSACTIONS = (
    "Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment", "Bill", "VendorCredit", "Purchase",
    "JournalEntry", "Deposit",
)  # fmt: skip
SINGLES = ("CompanyInfo", "Preferences")
ENTITIES = (*NAMES, *TRANSACTIONS, *SINGLES, "ExchangeRate", "CompanyCurrency")
#: CDC knows these.
CAPTURED = (*NAMES, *TRANSACTIONS)
#: Void is not offered for the others.
VOIDABLE = ("Invoice", "SalesReceipt", "Payment", "RefundReceipt", "Purchase")
ZERO = Decimal("0.00")


@dataclass(slots=True, kw_only=True, frozen=True)
class Oddities:
    """What we believe of QuickBooks from memory or from contradicting reports, as switches.

    Args:
        default_rows: Rows of a query that names no MAXRESULTS.
        most_rows: Most rows of a query.
        most_changes: Objects that one CDC answer holds.
        reach_days: How far CDC looks back.
        most_in_batch: Items of one batch (one page of Intuit's says 30, another 10).
        void_note: What a void writes into PrivateNote; other languages have other words.
        retry_after: Retry-After of a throttled answer; none leaves the header out.
        amounts_as_text: Amounts come as text, as some proxies and older versions print them.
        rotates: ``always``: each refresh brings a new refresh token; ``daily``: one a day.
        old_dies: ``on_use``: once the newer one has been used; ``at_once``: with the refresh.
        token_seconds: Life of an access token.
        shows_reports: Whether who consented may see reports and journals.
        requests_a_minute: Requests after which the rest of the minute is throttled; none: never.
    """

    default_rows: int = 100
    most_rows: int = 1000
    most_changes: int = 1000
    reach_days: int = 30
    most_in_batch: int = 30
    void_note: str = "Voided"
    retry_after: int | None = None
    amounts_as_text: bool = False
    rotates: str = "always"
    old_dies: str = "on_use"
    token_seconds: int = 3600
    shows_reports: bool = True
    requests_a_minute: int | None = None


@dataclass(slots=True, kw_only=True)
class Books:
    """One company.

    Args:
        zone: The company's time zone: every time is printed with its offset.
        now: Tells the time.
        oddities: What is not certain of QuickBooks.
        tables: Entity → id → object.
        deleted: Entity → id → when it was deleted.
    """

    zone: ZoneInfo
    now: Callable[[], datetime]
    oddities: Oddities = field(default_factory=Oddities)
    tables: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in ENTITIES})
    deleted: dict[str, dict[str, datetime]] = field(default_factory=lambda: {name: {} for name in ENTITIES})
    lock: threading.RLock = field(default_factory=threading.RLock)
    _next: int = 1

    def stamp(self, moment: datetime) -> str:
        """Return a time as QuickBooks prints it: whole seconds, the company's offset."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")

    def add(
        self,
        entity: str,
        values: Row,
        *,
        at: datetime | None = None,
        updated: datetime | None = None,
    ) -> str:
        """Add an object and return its id.

        Args:
            entity: Its entity.
            values: Its properties.
            at: When it was created; without it, now.
            updated: When it was last changed; without it, then.
        """
        with self.lock:
            key = str(values.get("Id") or self._next)
            self._next = max(self._next, int(key)) + 1
            created = at or self.now()
            meta = {"CreateTime": self.stamp(created), "LastUpdatedTime": self.stamp(updated or created)}
            head = {"domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0", "MetaData": meta}
            active = {"Active": True} if entity in NAMES else {}
            own = {name: value for name, value in values.items() if name not in head}
            self.tables[entity][key] = {**head, **active, **own}
            return key

    def find(self, entity: str, key: str) -> Row:
        """Return an object.

        Raises:
            QuickBooksError: There is none.
        """
        found = self.tables[entity].get(key)
        if found is None:
            raise QuickBooksError(
                400, "610", "Object Not Found", "Object Not Found : Something you're trying to use"
            )
        return found

    def edit(self, entity: str, key: str, values: Row) -> Row:
        """Change an object as a person would: the token and the time of the last change move."""
        with self.lock:
            row = self.find(entity, key)
            kept = {
                name: value for name, value in values.items() if name not in {"Id", "SyncToken", "MetaData"}
            }
            row.update(kept)
            self._touch(row)
            if row.get("Active") is False and " (deleted)" not in str(row.get("DisplayName", " (deleted)")):
                row["DisplayName"] = f"{row['DisplayName']} (deleted)"
            return row

    def delete(self, entity: str, key: str) -> Row:
        """Delete a transaction: nothing but CDC remembers it.

        Raises:
            QuickBooksError: Names are never deleted.
        """
        with self.lock:
            if entity not in TRANSACTIONS:
                raise QuickBooksError(
                    400, "2020", "Operation not supported", f"{entity} can only be made inactive"
                )
            self.find(entity, key)
            del self.tables[entity][key]
            self.deleted[entity][key] = self.now()
            return {"domain": "QBO", "status": "Deleted", "Id": key}

    def void(self, entity: str, key: str) -> Row:
        """Void a transaction: id and lines stay, every amount is zero, the note says so; there is no flag."""
        with self.lock:
            row = self.find(entity, key)
            if entity not in VOIDABLE:
                raise QuickBooksError(400, "2020", "Operation not supported", f"{entity} cannot be voided")
            voided(row, self.oddities.void_note)
            self._touch(row)
            return row

    def changes(self, entity: str, since: datetime) -> list[Row]:
        """Return the objects changed since a time, and a stub of each one deleted since."""
        with self.lock:
            found = [row for row in self.tables[entity].values() if changed_at(row) >= since]
            stubs = [
                {
                    "domain": "QBO",
                    "status": "Deleted",
                    "Id": key,
                    "MetaData": {"LastUpdatedTime": self.stamp(at)},
                }
                for key, at in self.deleted[entity].items()
                if at.replace(microsecond=0) >= since
            ]
            return [*found, *stubs]

    def reach(self) -> datetime:
        """Return how far CDC looks back."""
        return self.now() - timedelta(days=self.oddities.reach_days)

    def _touch(self, row: Row) -> None:
        row["SyncToken"] = str(int(row["SyncToken"]) + 1)
        row["MetaData"] = {**row["MetaData"], "LastUpdatedTime": self.stamp(self.now())}


def changed_at(row: Row) -> datetime:
    """Return when an object last changed, in UTC."""
    return datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"]).astimezone(UTC)


def voided(row: Row, note: str) -> None:
    """Make an object what a void leaves of it."""
    before = row.get("PrivateNote")
    row["PrivateNote"] = f"{note} - {before}" if before else note
    for name in ("TotalAmt", "HomeTotalAmt", "Balance", "HomeBalance", "UnappliedAmt"):
        if name in row:
            row[name] = ZERO
    if "TxnTaxDetail" in row:
        row["TxnTaxDetail"] = {"TotalTax": ZERO}
    row["LinkedTxn"] = []
    row["Line"] = [_emptied(line) for line in row.get("Line", ()) if not line.get("LinkedTxn")]


def _emptied(line: Row) -> Row:
    kind = line.get("DetailType", "")
    detail = line.get(kind) or {}
    kept = {name: ZERO if name in {"Qty", "UnitPrice"} else value for name, value in detail.items()}
    return {**line, "Amount": ZERO, kind: kept}


def listed(rows: Iterable[Row]) -> list[Row]:
    """Return rows as a client may have them: copies, so that later edits do not show."""
    return [dict(row) for row in rows]
