"""The reports of a company: a tree of rows over columns of months, as QuickBooks prints them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.quickbooks.errors import QuickBooksError
from closedloop.sandbox.quickbooks.postings import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.quickbooks.books import Books, Row

Rows = list[dict[str, Any]]
#: account → the first day of a month → amount, debit positive.
_Booked = dict[str, dict[date, Decimal]]
_NIL = Decimal(0)
#: Section → its title, the type of its accounts, and the sign of what it shows.
_INCOME = {
    "Income": ("Income", "Income", -1),
    "Expenses": ("Expenses", "Expense", 1),
    "OtherIncome": ("Other Income", "Other Income", -1),
}
_ASSETS = {
    "BankAccounts": ("Bank Accounts", "Bank", 1),
    "AR": ("Accounts Receivable", "Accounts Receivable", 1),
}


def report(books: Books, name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Answer a request for a report by month.

    Raises:
        QuickBooksError: There is no such report, or its days are wrong.
    """
    if name not in {"ProfitAndLoss", "BalanceSheet"}:
        raise QuickBooksError(400, "500", "Unsupported Operation", f"Report {name} is not supported.")
    try:
        start, end = (date.fromisoformat(given[word]) for word in ("start_date", "end_date"))
    except (KeyError, ValueError) as error:
        raise QuickBooksError(400, "2010", "Request has invalid property", "start_date, end_date") from error
    months = _months(start, end) if given.get("summarize_column_by") == "Month" else [(start, end)]
    booked: _Booked = defaultdict(lambda: defaultdict(Decimal))
    for one in Ledger(books).postings():
        if one.day <= end:
            booked[one.account][one.day.replace(day=1)] += one.amount
    is_income = name == "ProfitAndLoss"
    rows = _income(books, booked, months) if is_income else _balance(books, booked, months)
    return {
        "Header": _header(books, name, given),
        "Columns": {"Column": _columns(months, has_total=is_income)},
        "Rows": {"Row": rows} if rows else {},
    }


def _months(start: date, end: date) -> list[tuple[date, date]]:
    found = []
    while start <= end:
        following = (start.replace(day=1) + timedelta(days=31)).replace(day=1)
        found.append((start, min(following - timedelta(days=1), end)))
        start = following
    return found


def _header(books: Books, name: str, given: Mapping[str, str]) -> dict[str, Any]:
    home = next(iter(books.tables["Preferences"].values()))["CurrencyPrefs"]["HomeCurrency"]["value"]
    return {
        "Time": books.stamp(books.now()),
        "ReportName": name,
        "ReportBasis": given.get("accounting_method", "Accrual"),
        "StartPeriod": given["start_date"],
        "EndPeriod": given["end_date"],
        "SummarizeColumnsBy": given.get("summarize_column_by", "Total"),
        "Currency": home,
        "Option": [
            {"Name": "AccountingStandard", "Value": "GAAP"},
            {"Name": "NoReportData", "Value": "false"},
        ],
    }


def _columns(months: list[tuple[date, date]], *, has_total: bool) -> Rows:
    key = {"Name": "ColKey", "Value": "account"}
    found: Rows = [{"ColTitle": "", "ColType": "Account", "MetaData": [key]}]
    for start, end in months:
        told = {"StartDate": start.isoformat(), "EndDate": end.isoformat(), "ColKey": f"{start:%b %Y}"}
        meta = [{"Name": name, "Value": value} for name, value in told.items()]
        found.append({"ColTitle": f"{start:%b %Y}", "ColType": "Money", "MetaData": meta})
    total = {"ColTitle": "Total", "ColType": "Money", "MetaData": [{"Name": "ColKey", "Value": "total"}]}
    return [*found, total] if has_total else found


def _income(books: Books, booked: _Booked, months: list[tuple[date, date]]) -> Rows:
    def cells(account: str, sign: int) -> list[Decimal]:
        found = [sign * booked[account][start.replace(day=1)] for start, _ in months]
        return [*found, sum(found, _NIL)]

    made = [_section(books, group, told, cells) for group, told in _INCOME.items()]
    return [row for row in made if row is not None]


def _balance(books: Books, booked: _Booked, months: list[tuple[date, date]]) -> Rows:
    def cells(account: str, sign: int) -> list[Decimal]:
        return [
            sign * sum((amount for month, amount in booked[account].items() if month <= end), _NIL)
            for _, end in months
        ]

    made = [_section(books, group, told, cells) for group, told in _ASSETS.items()]
    inside = {"Row": [row for row in made if row is not None]}
    title = {"ColData": [{"value": "Current Assets"}, *({"value": ""} for _ in months)]}
    current = {"Header": title, "Rows": inside, "type": "Section", "group": "CurrentAssets"}
    head = {"ColData": [{"value": "ASSETS"}, *({"value": ""} for _ in months)]}
    return [{"Header": head, "Rows": {"Row": [current]}, "type": "Section", "group": "TotalAssets"}]


def _section(books: Books, group: str, told: tuple[str, str, int], cells: Any) -> dict[str, Any] | None:
    """Return a section with an account a row; one with nothing booked is not shown, nor is an account."""
    title, kind, sign = told
    shown: list[tuple[Row, list[Decimal]]] = [
        (row, cells(row["Id"], sign))
        for row in books.tables["Account"].values()
        if row["AccountType"] == kind
    ]
    shown = [(row, amounts) for row, amounts in shown if any(amounts)]
    if not shown:
        return None
    totals = [sum(column, _NIL) for column in zip(*(amounts for _, amounts in shown), strict=True)]
    data = [
        {"ColData": [{"value": row["Name"], "id": row["Id"]}, *map(_cell, amounts)], "type": "Data"}
        for row, amounts in shown
    ]
    return {
        "Header": {"ColData": [{"value": title}, *({"value": ""} for _ in totals)]},
        "Rows": {"Row": data},
        "Summary": {"ColData": [{"value": f"Total {title}"}, *map(_cell, totals)]},
        "type": "Section",
        "group": group,
    }


def _cell(amount: Decimal) -> dict[str, str]:
    return {"value": format(amount, ".2f") if amount else ""}
