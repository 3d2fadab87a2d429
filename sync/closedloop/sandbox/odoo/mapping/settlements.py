"""Payments and what they settle: account.payment, its entry, and account.partial.reconcile."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.mapping.moves import PRODUCT_LINE, Moves, Side

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.odoo.mapping.rows import Rows
    from closedloop.sandbox.world import Allocation, Payment


class Settlements:
    """Adds payments and settlements, with the exchange differences that Odoo books by itself.

    Args:
        rows: The books being filled.
        moves: The documents in them.
    """

    def __init__(self, rows: Rows, moves: Moves) -> None:
        self.rows = rows
        self.moves = moves
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}
        for rate in rows.world.rates:
            self._rates.setdefault(rate.currency, []).append((rate.day, rate.rate))
        for known in self._rates.values():
            known.sort()
        self._sides: dict[str, Side] = {}
        self._paid = self._fully_used()
        self._exchanges = 0

    def payments(self) -> None:
        """Add every payment; one that is not booked yet has no entry."""
        for number, payment in enumerate(self.rows.world.payments, start=1):
            name = f"PBNK1/{payment.day.year}/{number:05}"
            move = self._entry(payment, name) if payment.status == "posted" else None
            values = {
                "name": name if move else None,
                "payment_type": "inbound" if payment.direction == "in" else "outbound",
                "partner_type": "customer",
                "partner_id": self.rows.ids[payment.customer],
                "amount": self.rows.money(payment.amount, payment.currency),
                "currency_id": self.rows.ids[payment.currency],
                "date": payment.day,
                "state": self._state(payment),
                "move_id": move,
                "journal_id": self.rows.ids["journal:bank"],
                "company_id": 1,
                "is_reconciled": payment.key in self._paid,
                "is_matched": False,
            }
            at = self.rows.noon(payment.day)
            made = self.rows.add("account.payment", values, kind="payment", key=payment.key, at=at)
            if payment.key in self._sides:
                line = self._sides[payment.key].line
                self.rows.database.table("account.move.line").rows[line]["payment_id"] = made

    def _state(self, payment: Payment) -> str:
        if payment.status == "posted":
            return "paid" if payment.key in self._paid else "in_process"
        return "draft" if payment.status == "draft" else "canceled"

    def _fully_used(self) -> set[str]:
        used: dict[str, int] = {}
        for allocation in self.rows.world.allocations:
            if allocation.payment is not None:
                used[allocation.payment] = used.get(allocation.payment, 0) + allocation.amount
        return {
            payment.key for payment in self.rows.world.payments if used.get(payment.key) == payment.amount
        }

    def _entry(self, payment: Payment, name: str) -> int:
        rows = self.rows
        sign = 1 if payment.direction == "in" else -1
        home = self._home(payment.amount, payment.currency, payment.day)
        values = {
            "name": name,
            "move_type": "entry",
            "state": "posted",
            "payment_state": "not_paid",
            "partner_id": rows.ids[payment.customer],
            "commercial_partner_id": rows.ids[payment.customer],
            "date": payment.day,
            "currency_id": rows.ids[payment.currency],
            "company_currency_id": rows.ids[rows.world.home_currency],
            "company_id": 1,
            "journal_id": rows.ids["journal:bank"],
            "auto_post": "no",
        }
        move = rows.add("account.move", values, at=rows.noon(payment.day))
        self.moves.line(
            move, account="outstanding", amount=sign * payment.amount, home=sign * home, name="Manual Payment"
        )
        line = self.moves.line(
            move,
            account="receivable",
            amount=-sign * payment.amount,
            home=-sign * home,
            name="Manual Payment",
            date_maturity=payment.day,
        )
        self._sides[payment.key] = Side(
            line=line, currency=payment.currency, amount=-sign * payment.amount, home=-sign * home
        )
        return move

    def _home(self, amount: int, currency: str, day: date) -> int:
        world = self.rows.world
        if currency == world.home_currency:
            return amount
        known = self._rates[currency]
        rate = known[max(bisect_right(known, (day, Decimal("Infinity"))) - 1, 0)][1]
        shift = Decimal(10) ** (self.rows.digits[world.home_currency] - self.rows.digits[currency])
        return int((Decimal(amount) * shift / rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def allocations(self) -> None:
        """Add every settlement: one partial, and a second one for the exchange difference."""
        for allocation in self.rows.world.allocations:
            one = self.moves.sides[allocation.document]
            other = self._other(allocation)
            debit, credit = (one, other) if one.amount > 0 else (other, one)
            self._partial(allocation, debit, credit)

    def _other(self, allocation: Allocation) -> Side:
        if allocation.payment is not None:
            return self._sides[allocation.payment]
        return self.moves.sides[allocation.credit or ""]

    def _partial(self, allocation: Allocation, debit: Side, credit: Side) -> None:
        owed, given = _part(debit, allocation.amount), _part(credit, allocation.amount)
        exchange = self._exchange(allocation, debit, credit, owed - given) if owed != given else None
        values = {
            **self._joined(debit.line, credit.line, debit.currency, min(owed, given), allocation.amount),
            "max_date": allocation.day,
            "exchange_move_id": exchange,
        }
        at = self.rows.noon(allocation.day)
        self.rows.add("account.partial.reconcile", values, kind="allocation", key=allocation.key, at=at)

    def _joined(self, debit: int, credit: int, currency: str, home: int, amount: int) -> dict[str, Any]:
        rows = self.rows
        return {
            "debit_move_id": debit,
            "credit_move_id": credit,
            "amount": rows.money(home, rows.world.home_currency),
            "debit_amount_currency": rows.money(amount, currency),
            "credit_amount_currency": rows.money(amount, currency),
            "debit_currency_id": rows.ids[currency],
            "credit_currency_id": rows.ids[currency],
            "company_currency_id": rows.ids[rows.world.home_currency],
            "company_id": 1,
        }

    def _exchange(self, allocation: Allocation, debit: Side, credit: Side, difference: int) -> int:
        """Book what a rate's move has gained or lost, at the end of the month, and settle the rest with it."""
        rows = self.rows
        self._exchanges += 1
        day = allocation.day.replace(day=monthrange(allocation.day.year, allocation.day.month)[1])
        values = {
            "name": f"EXCH/{day:%Y/%m}/{self._exchanges:04}",
            "move_type": "entry",
            "state": "posted",
            "payment_state": "not_paid",
            "date": day,
            "currency_id": rows.ids[debit.currency],
            "company_currency_id": rows.ids[rows.world.home_currency],
            "company_id": 1,
            "journal_id": rows.ids["journal:general"],
            "auto_post": "no",
        }
        move = rows.add("account.move", values, at=rows.noon(allocation.day))
        line = self.moves.line(
            move, account="receivable", amount=0, home=-difference, name="Currency exchange rate difference"
        )
        self.moves.line(
            move,
            account="loss" if difference > 0 else "gain",
            amount=0,
            home=difference,
            name="Currency exchange rate difference",
            sequence=PRODUCT_LINE + 1,
        )
        sides = (debit.line, line) if difference > 0 else (line, credit.line)
        partial = {**self._joined(*sides, debit.currency, abs(difference), 0), "max_date": day}
        rows.add("account.partial.reconcile", partial, at=rows.noon(allocation.day))
        return move


def _part(side: Side, amount: int) -> int:
    """Return the home value of ``amount`` of the line's currency, by the line's own rate."""
    return round(abs(side.home) * amount / abs(side.amount)) if side.amount else 0
