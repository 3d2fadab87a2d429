"""Xero's own reports, for the tie-out: income by month and receivables at each month's end, a year in a call.

With ``periods`` a report compares its own month with those before it, eleven at most besides. Where the last day asked for
is not the 31st, Xero cuts the longer months before it to that day; so each calendar year is asked for from its December.
A row names its account; which accounts count, the chart of accounts says, not the titles, which organisations rename.
Sources: Xero's description of the two reports (OpenAPI 16.1); that a day cuts longer months is told by its users.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.kit.ledger import INCOME, RECEIVABLE, LedgerMonths, MisreadError, Month, end_of
from tap_xero.catalog import ENDPOINTS, MONTHS, REPORTS, schema
from tap_xero.values import day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_xero.tap import TapXero

#: Months that a report shows besides its own.
_PERIODS = 11
_TITLE = re.compile(r"(?:\d{1,2} )?([A-Z][a-z]{2})[a-z]*[ -]'?(\d{4}|\d{2})")
_Accounts = dict[str, str]


class MonthStream(LedgerMonths):
    """Income and receivables as Xero reports them."""

    _tap: TapXero

    def __init__(self, tap: TapXero) -> None:
        super().__init__(tap, name=MONTHS, schema=schema(MONTHS))

    def oldest(self) -> date | None:
        """Return the day of the oldest invoice: one call."""
        endpoint = ENDPOINTS["invoices"]
        params = {"page": "1", "pageSize": "1", "order": "Date ASC"}
        listed = self._tap.xero.list(endpoint.path, endpoint.key, params=params, scope=endpoint.scope)
        found = [text for row in listed.rows if (text := day(row.get("Date")))]
        return date.fromisoformat(min(found)) if found else None

    def read(self, first: date, last: date) -> list[Month]:
        """Return both reports of each month, two calls a year.

        Raises:
            StreamError: A report is not understood.
        """
        wanted = self._accounts()
        return [
            month
            for year in range(first.year, last.year + 1)
            for report in (INCOME, RECEIVABLE)
            for month in self._report(report, year, wanted[report])
            if first <= month.start <= last
        ]

    def _accounts(self) -> dict[str, _Accounts]:
        """Return, for each report, the accounts that the tie-out needs: id → group."""
        endpoint = ENDPOINTS["accounts"]
        rows = self._tap.xero.list(endpoint.path, endpoint.key, scope=endpoint.scope).rows
        return {
            INCOME: {str(row["AccountID"]): "income" for row in rows if row.get("Class") == "REVENUE"},
            RECEIVABLE: {
                str(row["AccountID"]): "receivable" for row in rows if row.get("SystemAccount") == "DEBTORS"
            },
        }

    def _report(self, report: str, year: int, wanted: _Accounts) -> list[Month]:
        end = f"{year}-12-31"
        days = {"fromDate": f"{year}-12-01", "toDate": end} if report == INCOME else {"date": end}
        params = days | {"periods": str(_PERIODS), "timeframe": "MONTH", "standardLayout": "true"}
        listed = self._tap.xero.list(
            f"/Reports/{report}", "Reports", params=params, scope=REPORTS[report], is_optional=True
        )
        with self.understood(report):
            return _months(report, listed.rows[0], wanted)


def _months(report: str, body: Mapping[str, Any], wanted: _Accounts) -> list[Month]:
    header = next(row for row in body["Rows"] if row["RowType"] == "Header")
    titles = [str(cell.get("Value") or "") for cell in header["Cells"][1:]]
    months = [
        Month(report=report, start=start, end=end_of(start)) for start in (_first(title) for title in titles)
    ]
    for section in body["Rows"]:
        rows = [row for row in section.get("Rows") or [] if row["RowType"] == "Row"]
        ours = [row for row in rows if _account(row) in wanted]
        for place, month in enumerate(months, start=1):
            if ours:
                _agree(section, rows, place)
            month.accounts.extend(_lines(ours, place, wanted))
    return months


def _first(title: str) -> date:
    """Return the first day of the month that a column's title names: ``31 Dec 26``, ``30 Apr 2019``, ``Dec-26``."""
    found = _TITLE.fullmatch(title.strip())
    if found is None:
        message = "a title names no month"
        raise MisreadError(message)
    year = found[2] if len(found[2]) > 2 else f"20{found[2]}"  # noqa: PLR2004 (digits)
    return datetime.strptime(f"1 {found[1]} {year}", "%d %b %Y").date()  # noqa: DTZ007 (a day)


def _account(row: Mapping[str, Any]) -> str:
    told = (row["Cells"][0].get("Attributes") or []) if row.get("Cells") else []
    return next((str(one.get("Value")) for one in told if one.get("Id") == "account"), "")


def _lines(rows: list[Mapping[str, Any]], place: int, wanted: _Accounts) -> Iterator[dict[str, str | None]]:
    for row in rows:
        amount = _amount(row, place)
        if amount:
            key = _account(row)
            name = row["Cells"][0].get("Value")
            yield {"id": key, "name": name, "group": wanted[key], "amount": format(amount, "f")}


def _agree(section: Mapping[str, Any], rows: list[Mapping[str, Any]], place: int) -> None:
    summary = next((row for row in section["Rows"] if row["RowType"] == "SummaryRow"), None)
    if summary is not None and _amount(summary, place) != sum(
        (_amount(row, place) for row in rows), Decimal(0)
    ):
        message = "the rows of a section do not sum to its total"
        raise MisreadError(message)


def _amount(row: Mapping[str, Any], place: int) -> Decimal:
    """Return an amount; ``(1,234.50)`` is negative, an empty cell is none booked."""
    text = str(row["Cells"][place].get("Value") or "0").replace(",", "")
    return -Decimal(text[1:-1]) if text.startswith("(") else Decimal(text)
