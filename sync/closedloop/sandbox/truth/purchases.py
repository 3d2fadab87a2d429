"""Where the chain of a customer is broken, second half: won … repeat, and the money at stake (The chain)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import percentile, rounded
from closedloop.sandbox.truth.chain import BROKEN, NOT_APPLICABLE, OK, PENDING, Link, Windows
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
    """What is at stake of an account, in home minor units: the four amounts overlap."""

    open_deals: int
    not_invoiced: int
    overdue: int
    yearly: int

    @property
    def largest(self) -> int:
        """The money at stake."""
        return max(self.open_deals, self.not_invoiced, self.overdue, self.yearly)


class Purchases:
    """The last links of every account, over all its deals and documents.

    Decided where the page is silent: a link of an account is broken as soon as one of its deals or documents breaks it;
    a stay in a stage ends with a change of stage or with the close; what is held against a won amount is the whole net of
    its invoices and sales receipts, by whatever rule the deal was found; a document that came after its window has mended
    the break; the home amount of what is overdue is the open share of the home gross.
    """

    def __init__(self, basis: Basis, windows: Windows | None = None) -> None:
        self._basis = basis
        self._windows = windows or Windows()
        self._customers = {
            basis.facts.account_of_customer(customer.key) for customer in basis.world.customers
        }

    def all(self) -> Iterator[tuple[str, list[Link]]]:
        """Return every account that is kept, with its links."""
        for record in self._basis.world.accounts:
            if self._basis.facts.account(record.key) == record.key:
                yield record.key, self.links(record.key)

    def links(self, account: str) -> list[Link]:
        """Return the links from won to paid, and the repeat."""
        return [
            self._won(account),
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

    def _won(self, account: str) -> Link:
        still_open = self._open_deals(account)
        if any(self._is_stalled(deal) for deal in still_open):
            return Link(name="won", state=BROKEN, reason="stalled_opportunity")
        as_of = self._basis.world.as_of
        if any(deal.expected_close and deal.expected_close < as_of for deal in still_open):
            return Link(name="won", state=BROKEN, reason="close_date_past")
        if self._won_deals(account):
            return Link(name="won", state=OK)
        return Link(name="won", state=PENDING if still_open else NOT_APPLICABLE)

    def _is_stalled(self, deal: Opportunity) -> bool:
        steps = self._basis.steps.get(deal.key, [])
        since = self._basis.facts.day(steps[-1].at if steps else deal.created_at)
        return (self._basis.world.as_of - since).days > self._pace(deal.stage)

    def _pace(self, stage: str) -> int:
        stays = self._stays.get(stage, [])
        return percentile(stays, 90) if len(stays) >= ENOUGH else self._windows.stage

    @cached_property
    def _stays(self) -> dict[str, list[int]]:
        """Stage → how many days each deal stayed in it before it moved on."""
        found: dict[str, list[int]] = {}
        for deal in self._basis.world.opportunities:
            steps = self._basis.steps.get(deal.key, [])
            since, stage = self._basis.facts.day(deal.created_at), steps[0].old_stage if steps else deal.stage
            for step in steps:
                day = self._basis.facts.day(step.at)
                found.setdefault(stage or "", []).append((day - since).days)
                since, stage = day, step.new_stage
            closed = self._basis.facts.closed(deal)
            if closed and not deal.is_won:
                found.setdefault(stage or "", []).append((closed - since).days)
        return found

    def _customer(self, account: str) -> Link:
        if account in self._customers:
            return Link(name="customer", state=OK)
        if self._won_deals(account):
            return Link(name="customer", state=BROKEN, reason="won_without_customer")
        return Link(name="customer", state=NOT_APPLICABLE)

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
        links = [self._deal_invoiced(deal) for deal in self._won_deals(account)]
        for state in (BROKEN, PENDING, OK):
            found = sorted(
                (link for link in links if link.state == state), key=lambda link: link.reason or ""
            )
            if found:
                return found[-1]
        return Link(name="invoiced", state=NOT_APPLICABLE)

    def _deal_invoiced(self, deal: Opportunity) -> Link:
        as_of, closed = self._basis.world.as_of, self._basis.facts.closed(deal)
        bills = self._bills.get(deal.key, [])
        if not bills:
            late = closed is not None and as_of > closed + timedelta(days=self._windows.invoice)
            reason = "won_not_invoiced" if late else None
            return Link(name="invoiced", state=BROKEN if late else PENDING, reason=reason)
        if 50 * self.invoiced(deal.key) >= 49 * deal.amount:
            return Link(name="invoiced", state=OK)
        last = max(worth.document.day for worth in bills)
        repeats = any(worth.document.repeating for worth in bills)
        if repeats or self._is_to_come(deal) or (as_of - last).days < PATIENCE:
            return Link(name="invoiced", state=PENDING)
        return Link(name="invoiced", state=BROKEN, reason="invoice_amount_differs")

    def _is_to_come(self, deal: Opportunity) -> bool:
        return any(
            document.opportunity_number == deal.number
            for document in self._basis.world.documents
            if document.status == "posted" and document.day > self._basis.world.as_of
        )

    def _overdue(self, account: str) -> list[Worth]:
        return [
            worth
            for worth in self._basis.ledger.worths.values()
            if worth.account == account
            and SIGN[worth.document.kind] > 0
            and worth.document.due < self._basis.world.as_of
            and worth.document.balance > 0
        ]

    def _paid(self, account: str) -> Link:
        if self._overdue(account):
            return Link(name="paid", state=BROKEN, reason="overdue_invoice")
        return Link(name="paid", state=OK if self._basis.sales.get(account) else NOT_APPLICABLE)

    def _purchases(self, account: str) -> list[date]:
        days = {day for day, value in self._basis.sales.get(account, []) if value > 0}
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
        if 2 * (self._basis.world.as_of - days[-1]).days <= 3 * usual:
            return Link(name="repeat", state=OK if gaps else PENDING)
        return Link(name="repeat", state=BROKEN, reason="no_repeat_past_cycle")

    def stake(self, account: str) -> Stake:
        """Return what is at stake of an account."""
        bills = self._overdue(account)
        return Stake(
            open_deals=sum(deal.amount for deal in self._open_deals(account)),
            not_invoiced=sum(
                max(deal.amount - self.invoiced(deal.key), 0) for deal in self._won_deals(account)
            ),
            overdue=sum(
                rounded((worth.document.home_gross or 0) * worth.document.balance, worth.document.gross)
                for worth in bills
            ),
            yearly=self._yearly(account),
        )

    def _yearly(self, account: str) -> int:
        """Return the invoiced amount over the days since the first document, at least a year, as of 365 days."""
        sales = self._basis.sales.get(account, [])
        if not sales:
            return 0
        begun = max((self._basis.world.as_of - min(day for day, _ in sales)).days, 365)
        return rounded(365 * sum(value for _, value in sales), begun)


def shares(basis: Basis) -> dict[str, tuple[int, int]]:
    """Return (part, whole) of the linked and of the event-touched revenue, in home minor units.

    Decided where the page is silent: a path is complete when somebody of the account, known to the CRM, has a touch
    that earns credit.
    """
    known = {
        touch.account for touch in basis.touches if basis.is_credit(touch) and touch.person and touch.account
    }
    worths = basis.ledger.worths.values()
    whole = sum(worth.value or 0 for worth in worths)
    return {
        "linked_share": (sum(worth.value or 0 for worth in worths if worth.account), whole),
        "event_touched_share": (sum(worth.value or 0 for worth in worths if worth.account in known), whole),
    }
