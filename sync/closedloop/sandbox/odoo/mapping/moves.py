"""account.move and its lines: what every document of the world is in double entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

    from closedloop.sandbox.odoo.mapping.rows import Rows
    from closedloop.sandbox.world import CostLine, Document

MOVE_TYPES = {
    "invoice": "out_invoice",
    "sales_receipt": "out_receipt",
    "credit_note": "out_refund",
    "refund": "out_refund",
}
STATES = {"draft": "draft", "posted": "posted", "void": "cancel"}
#: Odoo's own order of the lines of an invoice.
PRODUCT_LINE, TAX_LINE, TERM_LINE = 100, 10000, 12000


@dataclass(slots=True, kw_only=True)
class Side:
    """The line of a document or payment on the receivable account, which settlements join to another.

    Signed like the line: money owed to the company is positive. Amounts in minor units.
    """

    line: int
    currency: str
    amount: int
    home: int


class Moves:
    """Adds documents and bills; keeps the line of each that settlements join.

    Args:
        rows: The books being filled.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.home = rows.world.home_currency
        self.sides: dict[str, Side] = {}

    def documents(self) -> None:
        """Add every document of the world."""
        written = self._last_settled()
        first: dict[str, int] = {}
        for document in self.rows.world.documents:
            self._document(document, first, self.rows.noon(written.get(document.key, document.day)))
        moves = self.rows.database.table("account.move").rows
        for document in self.rows.world.documents:
            if document.credited is not None:
                moves[self.rows.ids[document.key]]["reversed_entry_id"] = self.rows.ids[document.credited]

    def _last_settled(self) -> dict[str, date]:
        last: dict[str, date] = {}
        for allocation in self.rows.world.allocations:
            for key in (allocation.document, allocation.credit):
                if key is not None:
                    last[key] = max(allocation.day, last.get(key, allocation.day))
        return last

    def _document(self, document: Document, first: dict[str, int], written: datetime) -> None:
        sign = -1 if document.kind in {"credit_note", "refund"} else 1
        made = self.rows.add(
            "account.move",
            {**self._head(document), **self._totals(document, sign), **self._repeats(document, first)},
            kind="document",
            key=document.key,
            at=self.rows.noon(document.day),
            written=written,
        )
        if document.repeating is not None:
            first.setdefault(document.repeating, made)
        self._document_lines(made, document, sign)

    def _head(self, document: Document) -> dict[str, Any]:
        partner = self.rows.ids[document.customer]
        return {
            "name": None if document.status == "draft" else document.number,
            "move_type": MOVE_TYPES[document.kind],
            "state": STATES[document.status],
            "partner_id": partner,
            "commercial_partner_id": partner,
            "date": document.day,
            "invoice_date": document.day,
            "invoice_date_due": document.due,
            "company_id": 1,
            "journal_id": self.rows.ids["journal:sale"],
            "ref": document.reference,
            "payment_reference": document.number if document.status == "posted" else None,
            "x_opportunity": document.opportunity_number,
            "x_po": document.po,
        }

    def _repeats(self, document: Document, first: dict[str, int]) -> dict[str, Any]:
        """The invoices of one subscription are copies of its first one, which posts itself again each month."""
        if document.repeating is None:
            return {"auto_post": "no"}
        origin = first.get(document.repeating)
        return {"auto_post": "no", "auto_post_origin_id": origin} if origin else {"auto_post": "monthly"}

    def _totals(self, document: Document, sign: int) -> dict[str, Any]:
        rows, code = self.rows, document.currency
        home_gross = document.home_gross or 0
        open_home = round(home_gross * document.balance / document.gross) if document.gross else 0
        return {
            "currency_id": rows.ids[code],
            "company_currency_id": rows.ids[self.home],
            "invoice_currency_rate": float(document.rate),
            "amount_untaxed": rows.money(document.net, code),
            "amount_tax": rows.money(document.tax, code),
            "amount_total": rows.money(document.gross, code),
            "amount_residual": rows.money(document.balance, code),
            "amount_untaxed_signed": rows.money(sign * (document.home_net or 0), self.home),
            "amount_tax_signed": rows.money(sign * (document.home_tax or 0), self.home),
            "amount_total_signed": rows.money(sign * home_gross, self.home),
            "amount_residual_signed": rows.money(sign * open_home, self.home),
            "payment_state": _payment_state(document),
        }

    def _document_lines(self, move: int, document: Document, sign: int) -> None:
        for line in document.lines:
            made = self.line(
                move,
                account=line.line_class,
                amount=-sign * line.net,
                home=-sign * line.home_net,
                name=line.description,
                price_subtotal=self.rows.money(line.net, document.currency),
                quantity=1.0,
                price_unit=self.rows.money(line.net, document.currency),
                tax_ids=[self.rows.ids[f"tax:{document.tax_percent}"]] if document.tax_percent else [],
            )
            self.rows.keys.setdefault("line", {})[f"{document.key}/{line.position}"] = (
                f"account.move.line/{made}"
            )
        if document.tax:
            self.line(
                move,
                account="tax",
                amount=-sign * document.tax,
                home=-sign * (document.home_tax or 0),
                name=f"{document.tax_percent}%",
                display_type="tax",
                sequence=TAX_LINE,
                tax_line_id=self.rows.ids[f"tax:{document.tax_percent}"],
            )
        amount, home = sign * document.gross, sign * (document.home_gross or 0)
        term = self.line(
            move,
            account="receivable",
            amount=amount,
            home=home,
            name=document.number if document.status == "posted" else None,
            display_type="payment_term",
            sequence=TERM_LINE,
            date_maturity=document.due,
        )
        self.sides[document.key] = Side(line=term, currency=document.currency, amount=amount, home=home)

    def line(self, move: int, *, account: str, amount: int, home: int, **more: Any) -> int:
        """Add a line to a move and return its id.

        Args:
            move: The move; date, partner, currency and state are its own.
            account: One of the accounts' keys.
            amount: Signed minor units of the move's currency; debit is positive.
            home: The same in home minor units.
            more: Further fields of account.move.line.
        """
        rows = self.rows
        head = rows.database.table("account.move").rows[move]
        code = next(c.code for c in rows.world.currencies if rows.ids[c.code] == head["currency_id"])
        balance = rows.money(home, self.home)
        shared = ("partner_id", "journal_id", "company_id", "currency_id", "company_currency_id", "date")
        account_id = rows.ids[f"account:{account}"]
        values = {
            **{name: head.get(name) for name in shared},
            "invoice_date": head.get("invoice_date"),
            "move_id": move,
            "move_name": head["name"],
            "parent_state": head["state"],
            "display_type": "product",
            "sequence": PRODUCT_LINE,
            "account_id": account_id,
            "account_type": rows.database.table("account.account").rows[account_id]["account_type"],
            "amount_currency": rows.money(amount, code),
            "balance": balance,
            "debit": max(balance, 0.0),
            "credit": max(-balance, 0.0),
            **more,
        }
        made = rows.add("account.move.line", values)
        held = rows.database.table("account.move.line").rows[made]
        held["create_date"], held["write_date"] = head["create_date"], head["write_date"]
        return made

    def bills(self) -> None:
        """Add the vendors' bills, their lines tagged with the event's analytic account."""
        bills: dict[str, list[CostLine]] = {}
        for cost in self.rows.world.cost_lines:
            bills.setdefault(cost.bill, []).append(cost)
        vendor = {"name": "Expo Partners", "is_company": True, "customer_rank": 0, "supplier_rank": 1}
        self.rows.ids["vendor"] = self.rows.partner(vendor)
        for number, costs in bills.items():
            self._bill(number, costs)

    def _bill(self, number: str, costs: list[CostLine]) -> None:
        rows, cost = self.rows, costs[0]
        net, home = sum(one.net for one in costs), sum(one.home_net for one in costs)
        gross, home_gross = rows.money(net, cost.currency), rows.money(home, self.home)
        settled = cost.status == "void"
        values = {
            "name": None if cost.status == "draft" else number,
            "move_type": "in_invoice",
            "state": STATES[cost.status],
            "payment_state": "not_paid",
            "partner_id": rows.ids["vendor"],
            "commercial_partner_id": rows.ids["vendor"],
            "date": cost.day,
            "invoice_date": cost.day,
            "invoice_date_due": cost.day,
            "currency_id": rows.ids[cost.currency],
            "company_currency_id": rows.ids[self.home],
            "company_id": 1,
            "journal_id": rows.ids["journal:purchase"],
            "invoice_currency_rate": net / home if home else 1.0,
            "amount_untaxed": gross,
            "amount_total": gross,
            "amount_residual": 0.0 if settled else gross,
            "amount_untaxed_signed": -home_gross,
            "amount_total_signed": -home_gross,
            "amount_residual_signed": 0.0 if settled else -home_gross,
            "auto_post": "no",
        }
        move = rows.add("account.move", values, kind="bill", key=number, at=rows.noon(cost.day))
        for one in costs:
            tag = {str(rows.ids[f"analytic:{one.event_code}"]): 100.0}
            subtotal = rows.money(one.net, one.currency)
            made = self.line(
                move,
                account="cost",
                amount=one.net,
                home=one.home_net,
                name=one.description,
                price_subtotal=subtotal,
                quantity=1.0,
                price_unit=subtotal,
                analytic_distribution=tag,
            )
            rows.keys.setdefault("cost_line", {})[one.key] = f"account.move.line/{made}"
        self.line(
            move, account="payable", amount=-net, home=-home, display_type="payment_term", sequence=TERM_LINE
        )


def _payment_state(document: Document) -> str:
    if document.status != "posted" or document.balance == document.gross:
        return "not_paid"
    return "partial" if document.balance else "paid"
