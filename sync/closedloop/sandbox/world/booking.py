"""Books documents, credits and payments in the order of their days, as a ledger does, and keeps what is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from closedloop.sandbox.world.draw import AS_OF, chance, days, stream
from closedloop.sandbox.world.entities import Allocation, Payment

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from closedloop.sandbox.world.entities import Document
    from closedloop.sandbox.world.ledger import Priced

#: Work of one day is done in this order.
PREPAID, POST, CREDIT, PAY = range(4)


@dataclass(slots=True, kw_only=True, frozen=True, order=True)
class Task:
    """Something to book: ``share`` is the percentage of the gross amount to pay (over 100 is paid too much)."""

    day: date
    step: int
    place: int
    share: int = 100


class Books:
    """The open amounts of a ledger while it is being booked."""

    def __init__(self, seed: int, priced: list[Priced]) -> None:
        self._rng: Random = stream(seed, "booking")
        self._priced = priced
        self._open: dict[str, int] = {}
        self._prepaid: dict[int, Payment] = {}
        self._tasks: list[Task] = []
        self._invoices: dict[str, list[str]] = {}
        for one in priced:
            if one.document.kind == "invoice":
                self._invoices.setdefault(one.document.customer, []).append(one.document.key)
        self.payments: list[Payment] = []
        self.allocations: list[Allocation] = []
        self.bookings: list[str] = []

    def book(self) -> list[Document]:
        """Book everything; return the documents with their balances, in the order of their numbers."""
        for place, one in enumerate(self._priced):
            self._tasks.append(Task(day=one.document.day, step=POST, place=place))
            if one.bill.plan == "early" and one.document.status == "posted":
                day = one.document.day - days(self._rng.randrange(3, 40))
                self._tasks.append(Task(day=day, step=PREPAID, place=place))
        heapify(self._tasks)
        while self._tasks:
            self._do(heappop(self._tasks))
        self._strays()
        documents = [replace(one.document, balance=self._balance(one.document)) for one in self._priced]
        return sorted(documents, key=lambda document: document.key)

    def _balance(self, document: Document) -> int:
        if document.status == "posted":
            return self._open[document.key]
        return document.gross if document.status == "draft" else 0

    def _do(self, task: Task) -> None:
        document = self._priced[task.place].document
        if task.step == PREPAID:
            self._prepaid[task.place] = self._pay(document, document.gross, task.day)
        elif task.step == POST:
            self._post(task.place, document)
        elif task.step == CREDIT:
            self._use_credit(task.place)
        elif self._open[document.key] > 0:
            self._settle(document, task)

    def _post(self, place: int, document: Document) -> None:
        self.bookings.append(document.key)
        if document.status != "posted":
            return
        self._open[document.key] = document.gross
        bill = self._priced[place].bill
        if place in self._prepaid:
            self._allocate(document, self._prepaid[place], document.gross)
        if document.kind == "credit_note":
            self._post_credit(place, document)
        else:
            for day, share in _plan(self._rng, bill.plan, document):
                # Money of the future is mostly unknown; a few payments are post-dated.
                known = day <= AS_OF + days(30) and (bill.plan == "post_dated" or chance(self._rng, 20))
                if day <= AS_OF or known:
                    heappush(self._tasks, Task(day=day, step=PAY, place=place, share=share))

    def _post_credit(self, place: int, document: Document) -> None:
        bill = self._priced[place].bill
        if document.credited:
            self._credit(document, document.credited, automatic=True)
        elif bill.credit_mode == "allocated":
            heappush(self._tasks, Task(day=document.day, step=CREDIT, place=place))
        if bill.refunded and document.day + days(9) <= AS_OF:
            heappush(self._tasks, Task(day=document.day + days(9), step=PAY, place=place))

    def _use_credit(self, place: int) -> None:
        """Use a credit note that names no invoice: on the one it was meant for, then on another open one."""
        note = self._priced[place].document
        bill = self._priced[place].bill
        meant = self._priced[bill.credits or 0].document
        self._credit(note, meant.key, automatic=False)
        if self._open[note.key] and chance(self._rng, 60):
            for other in self._invoices[note.customer]:
                if other != meant.key:
                    self._credit(note, other, automatic=False)

    def _credit(self, note: Document, invoice: str, *, automatic: bool) -> None:
        amount = min(self._open[note.key], self._open.get(invoice, 0))
        if amount > 0:
            self._open[note.key] -= amount
            self._open[invoice] -= amount
            self._keep(document=invoice, credit=note.key, amount=amount, day=note.day, automatic=automatic)

    def _settle(self, document: Document, task: Task) -> None:
        wanted = document.gross * task.share // 100
        paid = min(wanted, self._open[document.key])
        amount = wanted if task.share > 100 and paid == document.gross else paid  # noqa: PLR2004 - percent
        if paid:
            self._allocate(document, self._pay(document, amount, task.day), paid)

    def _pay(self, document: Document, amount: int, day: date) -> Payment:
        payment = Payment(
            key=f"payment-{len(self.payments) + 1:06d}",
            customer=document.customer,
            day=day,
            currency=document.currency,
            amount=amount,
            direction="out" if document.kind in {"credit_note", "refund"} else "in",
            status="posted",
        )
        self.payments.append(payment)
        self.bookings.append(payment.key)
        return payment

    def _allocate(self, document: Document, payment: Payment, amount: int) -> None:
        self._open[document.key] -= amount
        day = max(document.day, payment.day)
        self._keep(document=document.key, payment=payment.key, amount=amount, day=day)

    def _keep(
        self,
        *,
        document: str,
        amount: int,
        day: date,
        payment: str | None = None,
        credit: str | None = None,
        automatic: bool = False,
    ) -> None:
        key = f"allocation-{len(self.allocations) + 1:06d}"
        self.allocations.append(
            Allocation(
                key=key,
                document=document,
                payment=payment,
                credit=credit,
                amount=amount,
                day=day,
                automatic=automatic,
            )
        )
        if not automatic:
            self.bookings.append(key)

    def _strays(self) -> None:
        """Receipts that nobody has allocated, and payments still in draft."""
        invoices = [one.document for one in self._priced if one.document.kind == "invoice"]
        for document in invoices[:: max(40, len(invoices) // 20)]:
            if document.day <= AS_OF:
                self._pay(document, document.gross // 3 + 1, document.day)
                draft = self._pay(document, document.gross, document.day)
                self.payments[-1] = replace(draft, status="draft")


def _plan(rng: Random, plan: str, document: Document) -> list[tuple[date, int]]:
    """Return the days on which a document is paid, each with a percentage of its gross amount."""
    due = document.due
    soon = due + days(rng.randrange(-12, 4))
    late = due + days(rng.randrange(12, 80))
    return {
        "on_time": [(soon, 100)],
        "late": [(late, 100)],
        "partly": [(soon, 35)],
        "twice": [(soon, 50), (late, 100)],
        "over": [(soon, 105)],
        "at_once": [(document.day, 100)],
        "post_dated": [(AS_OF + days(12), 100)],
    }.get(plan, [])
