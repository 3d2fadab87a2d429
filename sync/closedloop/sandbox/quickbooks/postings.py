"""What the company's transactions book: day, account, amount in home currency, debit positive.

Each line is converted and rounded by itself, as a ledger does it. What is settled of a document leaves receivables at the
document's own rate (the rest is an exchange difference, which nobody sees there); what a payment leaves unapplied stands
at the payment's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.sandbox.quickbooks.books import Books, Row

_CENT = Decimal("0.01")
_NIL = Decimal(0)
#: Sales → which way they book receivables or the bank, and whether receivables.
_SALES = {
    "Invoice": (1, True),
    "CreditMemo": (-1, True),
    "SalesReceipt": (1, False),
    "RefundReceipt": (-1, False),
}
_TARGETS = {"Invoice": -1, "CreditMemo": 1}
_CHEQUES = {"Check", "Expense", "Purchase"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of a ledger's journal."""

    day: date
    account: str
    amount: Decimal


class Ledger:
    """Books every transaction of a company.

    Args:
        books: The company.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        accounts = books.tables["Account"].values()
        self._by_type = {row["AccountType"]: row["Id"] for row in reversed(list(accounts))}
        self._settled: dict[str, Decimal] = {}

    def postings(self) -> Iterator[Posting]:
        """Yield what every transaction books."""
        tables = self._books.tables
        for entity, (sign, is_open) in _SALES.items():
            for row in tables[entity].values():
                yield from self._sale(row, sign, "Accounts Receivable" if is_open else "Bank")
        for row in sorted(tables["Payment"].values(), key=lambda one: one["TxnDate"]):
            yield from self._payment(row)
        for entity, lines in (("JournalEntry", _journal), ("Deposit", _deposit), ("Purchase", _purchase)):
            for row in tables[entity].values():
                for account, amount in lines(row):
                    yield self._line(row, account, amount)

    def _line(self, row: Row, account: str, amount: Decimal) -> Posting:
        home = (amount * _number(row.get("ExchangeRate") or 1)).quantize(_CENT, ROUND_HALF_UP)
        return Posting(day=date.fromisoformat(row["TxnDate"]), account=account, amount=home)

    def _sale(self, row: Row, sign: int, against: str) -> Iterator[Posting]:
        day = date.fromisoformat(row["TxnDate"])
        yield Posting(day=day, account=self._by_type.get(against, "0"), amount=sign * self._gross(row))
        for line in row.get("Line", ()):
            for account, amount in self._sold(line):
                yield self._line(row, account, -sign * amount)

    def _gross(self, row: Row) -> Decimal:
        home = row.get("HomeTotalAmt", _number(row["TotalAmt"]) * _number(row.get("ExchangeRate") or 1))
        return _number(home).quantize(_CENT, ROUND_HALF_UP)

    def _sold(self, line: dict[str, Any]) -> Iterator[tuple[str, Decimal]]:
        kind = line["DetailType"]
        detail = line.get(kind) or {}
        if kind == "GroupLineDetail":
            for one in detail.get("Line", ()):
                yield from self._sold(one)
        elif kind == "DiscountLineDetail":
            account = (detail.get("DiscountAccountRef") or {}).get("value") or self._by_type.get(
                "Income", "0"
            )
            yield account, -_number(line["Amount"])
        elif kind == "SalesItemLineDetail":
            item = self._books.tables["Item"].get((detail.get("ItemRef") or {}).get("value", ""), {})
            yield (
                (item.get("IncomeAccountRef") or {}).get("value") or self._by_type.get("Income", "0"),
                _number(line["Amount"]),
            )

    def _payment(self, row: Row) -> Iterator[Posting]:
        """Documents leave receivables as far as they are settled in all, so that a whole one leaves nothing behind."""
        day, account = date.fromisoformat(row["TxnDate"]), self._by_type["Accounts Receivable"]
        for line in row.get("Line", ()):
            link, amount = line["LinkedTxn"][0], _number(line["Amount"])
            document = self._books.tables.get(link["TxnType"], {}).get(link["TxnId"])
            if link["TxnType"] in _TARGETS and document is not None and _number(document["TotalAmt"]):
                yield Posting(
                    day=day, account=account, amount=_TARGETS[link["TxnType"]] * self._part(document, amount)
                )
            elif link["TxnType"] in _CHEQUES:
                yield self._line(
                    {**self._books.tables["Purchase"][link["TxnId"]], "TxnDate": row["TxnDate"]},
                    account,
                    -amount,
                )
        rest = _number(row.get("UnappliedAmt"))
        if rest:
            yield self._line(
                {**row, "ExchangeRate": row.get("ExchangeRate") or self._rate(row)}, account, -rest
            )

    def _part(self, document: Row, amount: Decimal) -> Decimal:
        before = self._settled.get(document["Id"], _NIL)
        self._settled[document["Id"]] = before + amount
        gross, total = self._gross(document), _number(document["TotalAmt"])
        old, new = ((gross * one / total).quantize(_CENT, ROUND_HALF_UP) for one in (before, before + amount))
        return new - old

    def _rate(self, row: Row) -> Decimal:
        code = (row.get("CurrencyRef") or {}).get("value")
        known = [
            one
            for one in self._books.tables["ExchangeRate"].values()
            if one["SourceCurrencyCode"] == code and one["AsOfDate"] <= row["TxnDate"]
        ]
        return _number(max(known, key=lambda one: one["AsOfDate"])["Rate"]) if known else Decimal(1)


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def _journal(row: Row) -> Iterator[tuple[str, Decimal]]:
    for line in row["Line"]:
        detail = line["JournalEntryLineDetail"]
        sign = 1 if detail["PostingType"] == "Debit" else -1
        yield detail["AccountRef"]["value"], sign * _number(line["Amount"])


def _deposit(row: Row) -> Iterator[tuple[str, Decimal]]:
    for line in row["Line"]:
        account = (line.get("DepositLineDetail") or {}).get("AccountRef")
        if account:
            yield account["value"], -_number(line["Amount"])


def _purchase(row: Row) -> Iterator[tuple[str, Decimal]]:
    for line in row.get("Line", ()):
        account = (line.get("AccountBasedExpenseLineDetail") or {}).get("AccountRef")
        if account:
            yield account["value"], (-1 if row.get("Credit") else 1) * _number(line["Amount"])
