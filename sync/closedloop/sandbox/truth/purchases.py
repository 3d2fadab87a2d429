"""Where the chain of a customer is broken, second half: customer … repeat, and the money at stake (The chain)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import percentile, rounded
from closedloop.sandbox.truth.chain import (
    BROKEN,
    NOT_APPLICABLE,
    OK,
    PENDING,
    Link,
    Windows,
    broken,
    ok,
    pending,
)
from closedloop.sandbox.truth.money import SIGN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.truth.money import Worth
    from closedloop.sandbox.world import Opportunity

#: Values that a percentile needs; days after its last document in which a won deal may still be invoiced.
ENOUGH, PATIENCE = 20, 400


@dataclass(slots=True, kw_only=True, frozen=True)
class Stake:
    """What is at stake of an account, in home minor units: the amounts overlap. ``yearly`` is for the repeat only."""

    open_deals: int
    not_invoiced: int
    overdue: int
    yearly: int

    def largest(self, *, of_repeat: bool = False) -> tuple[str, int]:
        """Return the name of the largest amount, the first of equal ones, and the amount."""
        amounts = {"open": self.open_deals, "not_invoiced": self.not_invoiced, "overdue": self.overdue}
        if of_repeat:
            amounts["yearly"] = self.yearly
        name = max(amounts, key=lambda name: amounts[name])
        return name, amounts[name]


class Purchases:
    """The last links of every account, over all its deals and documents.

    Decided where the page is silent: a link of an account is broken as soon as one of its deals or documents breaks it;
    what is held against a won amount is the whole net of
    its invoices and sales receipts, by whatever rule the deal was found; any posted document of the account to come keeps a
    deal pending; a purchase is a day with a deal won, an invoice or a receipt; a document that came after its window has mended
    the break; the home amount of what is overdue is the open share of the home gross. A customer is one since the first document; all deals are
    invoiced since the last of them was invoiced enough, and wait since the first that waits was won; paid since the last
    invoice was paid off, else since the first document; the next purchase is waited for since the last.
    """

    def __init__(self, basis: Basis, windows: Windows | None = None) -> None:
        self._basis = basis
        self._windows = windows or Windows()
        self._customers = {
            basis.facts.account_of_customer(customer.key) for customer in basis.world.customers
        }

    def all(self) -> Iterator[tuple[str, list[Link]]]:
        """Return every account with a won deal or a ledger customer, with its links."""
        for record in self._basis.world.accounts:
            is_kept = self._basis.facts.account(record.key) == record.key
            if is_kept and (record.key in self._customers or self._won_deals(record.key)):
                yield record.key, self.links(record.key)

    def unlinked(self) -> dict[str, tuple[date, int]]:
        """Return the ledger customers with documents that no account owns: the first one's day, and their invoiced money."""
        found: dict[str, tuple[date, int]] = {}
        for worth in self._basis.ledger.worths.values():
            if worth.account is None:
                day, customer = worth.document.day, worth.document.customer
                first, money = found.get(customer, (day, 0))
                found[customer] = min(first, day), money + (worth.value or 0)
        return found

    def links(self, account: str) -> list[Link]:
        """Return the links from customer to paid, and the repeat."""
        return [
            self._customer(account),
            self._invoiced(account),
            self._paid(account),
            self._repeat(account),
        ]

    def _deals(self, account: str) -> list[Opportunity]:
        return self._basis.of_account.get(account, [])

    def _won_deals(self, account: str) -> list[Opportunity]:
        return [deal for deal in self._deals(account) if deal.is_won]

    def _open_deals(self, account: str) -> list[Opportunity]:
        return [deal for deal in self._deals(account) if not deal.is_closed]

    def _customer(self, account: str) -> Link:
        if account in self._customers:
            return ok("customer", self._first_day(account))
        if self._won_deals(account):
            return broken("customer", "won_without_customer", self._first_won(account))
        return Link(name="customer", state=NOT_APPLICABLE)

    def _first_day(self, account: str) -> date | None:
        """Return the day of the first document of an account, else of its first customer's record."""
        days = [day for day, _ in self._sold.get(account, [])] or [
            self._basis.facts.day(customer.created_at)
            for customer in self._basis.world.customers
            if self._basis.facts.account_of_customer(customer.key) == account
        ]
        return min(days, default=None)

    def _first_won(self, account: str) -> date | None:
        days = [closed for deal in self._won_deals(account) if (closed := self._basis.facts.closed(deal))]
        return min(days, default=None)

    @cached_property
    def _bills(self) -> dict[str, list[Worth]]:
        """Deal → its invoices and sales receipts."""
        found: dict[str, list[Worth]] = {}
        for key, worth in self._basis.ledger.worths.items():
            deal = self._basis.deals.of(key).key
            if deal and SIGN[worth.document.kind] > 0:
                found.setdefault(deal, []).append(worth)
        return found

    def invoiced(self, deal: str) -> int:
        """Return the net of a deal's invoices and sales receipts."""
        return sum(worth.document.home_net or 0 for worth in self._bills.get(deal, []))

    def _invoiced(self, account: str) -> Link:
        if account not in self._customers:
            return Link(name="invoiced", state=NOT_APPLICABLE)
        links = [(self._missing(deal), self._deal_invoiced(deal)) for deal in self._won_deals(account)]
        late = [(missing, link) for missing, link in links if link.state == BROKEN]
        if late:
            return max(late, key=lambda one: one[0])[1]
        waiting = [link for _, link in links if link.state == PENDING]
        if waiting:
            untils = [link.until for link in waiting if link.until]
            return pending("invoiced", _first(waiting), min(untils, default=None))
        whole = [link.since for _, link in links if link.state == OK and link.since]
        return ok("invoiced", max(whole)) if whole else Link(name="invoiced", state=NOT_APPLICABLE)

    def _deal_invoiced(self, deal: Opportunity) -> Link:
        as_of, closed = self._basis.world.as_of, self._basis.facts.closed(deal)
        bills = self._bills.get(deal.key, [])
        if not bills:
            until = closed + timedelta(days=self._windows.invoice) if closed else as_of
            if as_of > until and not self._is_to_come(deal):
                return broken("invoiced", "won_not_invoiced", until + timedelta(days=1))
            return pending("invoiced", closed, None if self._is_to_come(deal) else until)
        if 50 * self.invoiced(deal.key) >= 49 * deal.amount:
            return ok("invoiced", self._whole(deal, bills))
        last = max(worth.document.day for worth in bills)
        repeats = any(worth.document.repeating for worth in bills)
        if repeats or self._is_to_come(deal):
            return pending("invoiced", closed)
        if (as_of - last).days < PATIENCE:
            return pending("invoiced", closed, last + timedelta(days=PATIENCE - 1))
        return broken("invoiced", "invoice_amount_differs", last + timedelta(days=PATIENCE))

    def _whole(self, deal: Opportunity, bills: list[Worth]) -> date | None:
        """Return the day on which enough of a deal was invoiced."""
        billed = 0
        for day in sorted({worth.document.day for worth in bills}):
            billed += sum(worth.document.home_net or 0 for worth in bills if worth.document.day == day)
            if 50 * billed >= 49 * deal.amount:
                return day
        return None

    def _missing(self, deal: Opportunity) -> int:
        """Return what is not invoiced yet of a deal that is short by more than two per cent."""
        billed = self.invoiced(deal.key)
        return 0 if 50 * billed >= 49 * deal.amount else deal.amount - billed

    def _is_to_come(self, deal: Opportunity) -> bool:
        account = self._basis.facts.account(deal.account)
        return any(
            self._basis.facts.account_of_customer(document.customer) == account
            for document in self._basis.world.documents
            if document.status == "posted" and document.day > self._basis.world.as_of
        )

    def _overdue(self, account: str) -> list[Worth]:
        return [
            worth
            for worth in self._basis.ledger.worths.values()
            if worth.account == account
            and worth.document.kind == "invoice"
            and worth.document.due < self._basis.world.as_of
            and self._open(worth) > 0
        ]

    def _open(self, worth: Worth) -> int:
        """Return what is open of a document, in its currency, at the end of the world's last day."""
        return worth.document.gross - self._settled.get(worth.document.key, 0)

    @cached_property
    def _settled(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for allocation in self._basis.world.allocations:
            if self._basis.ledger.effective(allocation) <= self._basis.world.as_of:
                found[allocation.document] = found.get(allocation.document, 0) + allocation.amount
        return found

    def _paid(self, account: str) -> Link:
        if late := [worth.document.due for worth in self._overdue(account)]:
            return broken("paid", "overdue_invoice", min(late) + timedelta(days=1))
        if not self._basis.sales.get(account):
            return Link(name="paid", state=NOT_APPLICABLE)
        paid = [
            day
            for worth in self._basis.ledger.worths.values()
            if worth.account == account and worth.document.kind == "invoice"
            if (day := self._basis.ledger.paid_on(worth.document))
        ]
        return ok("paid", max(paid, default=self._first_day(account)))

    @cached_property
    def _sold(self) -> dict[str | None, list[tuple[date, str]]]:
        found: dict[str | None, list[tuple[date, str]]] = {}
        for worth in self._basis.ledger.worths.values():
            found.setdefault(worth.account, []).append((worth.document.day, worth.document.kind))
        return found

    def _purchases(self, account: str) -> list[date]:
        days = {day for day, kind in self._sold.get(account, []) if SIGN[kind] > 0}
        days |= {closed for deal in self._won_deals(account) if (closed := self._basis.facts.closed(deal))}
        return sorted(days)

    @cached_property
    def _usual_gap(self) -> int:
        gaps = [
            (after - before).days
            for record in self._basis.world.accounts
            if self._basis.facts.account(record.key) == record.key
            for before, after in pairwise(self._purchases(record.key))
        ]
        return percentile(gaps, 50) if len(gaps) >= ENOUGH else self._windows.cycle

    def _repeat(self, account: str) -> Link:
        days = self._purchases(account)
        if not days:
            return Link(name="repeat", state=NOT_APPLICABLE)
        gaps = [(after - before).days for before, after in pairwise(days)]
        usual = percentile(gaps, 50) if len(gaps) > 1 else self._usual_gap
        until = days[-1] + timedelta(days=3 * usual // 2)
        if self._basis.world.as_of <= until:
            return ok("repeat", days[-1]) if gaps else pending("repeat", days[-1], until)
        return broken("repeat", "no_repeat_past_cycle", until + timedelta(days=1))

    def stake(self, account: str) -> Stake:
        """Return what is at stake of an account."""
        bills = self._overdue(account)
        return Stake(
            open_deals=sum(deal.amount for deal in self._open_deals(account)),
            not_invoiced=sum(self._missing(deal) for deal in self._won_deals(account)),
            overdue=sum(
                rounded((worth.document.home_gross or 0) * self._open(worth), worth.document.gross)
                for worth in bills
            ),
            yearly=self._yearly(account),
        )

    def _yearly(self, account: str) -> int:
        """Return the invoiced amount of a year, on average since the first positive document, at least one year."""
        first = self._basis.ledger.first_positive.get(account)
        if first is None:
            return 0
        days = max((self._basis.world.as_of - first).days, 365)
        return max(rounded(365 * sum(value for _, value in self._basis.sales[account]), days), 0)


def _first(links: list[Link]) -> date | None:
    """Return the first day on which one of these began to be as it is."""
    return min((link.since for link in links if link.since), default=None)
